// Package story writes logs for tests: what ticket-intake and failover-executor
// would record of a few days with two sites and five VMs. Every event keeps the
// contract, and all times are fixed, so what is printed of a story can be
// compared letter by letter.
//
// What this package is not: nothing here runs. That services really record such
// logs is for the scenarios of module e2e to show.
package story
