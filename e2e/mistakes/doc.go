// Package mistakes makes mistakes, of people and of machines, and looks at what
// lifeboat says to them. The table in mistakes_test.go is the documentation:
// each row is a mistake, the place where it shows (an HTTP answer, an event on
// the ticket, a dead letter, a program that does not start, a line of the log)
// and the words that are said there: what is wrong, what was found, and what
// would be right. After every mistake a good ticket is accepted, and after each
// kind of mistake a whole test failover runs: nothing else has stopped. With -v
// the test prints what was said, in full.
//
// What this package is not: the place where every rule is tried. Those are
// tried where they stand, in pkg/contract, pkg/inventory and the services.
package mistakes
