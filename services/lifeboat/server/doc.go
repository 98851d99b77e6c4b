// Package server is `lifeboat serve`: the services of lifeboat in one process,
// on an embedded bus or an external one. It opens what they share, starts them
// together, says when all of them are ready, and stops them together.
//
// Services get nothing here that they would not get as programs of their own:
// they hear of each other, and of the inventory, over the bus only. So any of
// them can be left out here and run elsewhere.
//
// What this package is not: it decides nothing, and knows no flags.
package server
