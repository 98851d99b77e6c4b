// Package programs starts the real programs, waits until they say that they are
// ready, talks to them as their users do, and kills them. The demonstration,
// the tests that kill processes and the measurements are written with it.
//
// What this package is not: it imports neither the lab nor the services. What
// it knows of them is their command lines, their ready lines and their HTTP
// interfaces, which are contracts.
package programs
