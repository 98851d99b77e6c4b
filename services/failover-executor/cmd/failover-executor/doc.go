// Command failover-executor runs the executor by itself, on an external bus;
// `lifeboat serve` runs it together with the other services. Several may run,
// each with an instance name of its own.
//
//	failover-executor -config failover-executor.yaml
//
// It learns of hosts and VMs from the inventory that is stored on the bus, and
// reads the hosts' passwords and certificates from its own files. When it is
// ready it prints one line of JSON on standard output, with the address of its
// health; logs go to standard error. It ends in order on SIGINT and SIGTERM: a
// run under way is left where the next executor goes on.
//
// What this package is not: there is nothing here but the wiring.
package main
