// Package doctor answers whether lifeboat could do its work now: whether each
// host lets it in, has the right time and every cmdlet, whether each VM is where
// the inventory says, and whether the bus is well.
//
// Look asks the hosts, a few at a time; Judge says what the answers mean, as a
// pure function, one finding for each thing, each with a fix.
//
// What this package is not: it changes nothing on any host, and it watches
// nothing. It is asked when somebody wants to know.
package doctor
