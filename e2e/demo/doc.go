// Package demo tells lifeboat's story on a simulated world, with the real
// programs: it starts the lab and lifeboat, sends tickets as a ticket system
// would, kills a host and an executor, tells what happens in plain lines as it
// happens, and at the end checks against the lab's truth that all of it really
// happened.
//
// What this package is not: a test suite. Each thing it shows is proven more
// thoroughly elsewhere; it is what a newcomer runs first.
package demo
