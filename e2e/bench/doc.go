// Package bench measures lifeboat against peers and limits, each pair in one
// run on one machine, because absolute figures differ from machine to machine
// and from hour to hour while ratios hardly do. Nothing here fails a build; the
// table says which bars were met.
//
// What this package is not: a test. What must hold always is tested elsewhere,
// without a stopwatch.
package bench
