// Package doctor runs lifeboat's doctor on hosts of a lab, as a support engineer
// would, and reads what it says and what it leaves behind.
//
// What this package is not: the place where findings are judged; that is
// services/lifeboat/doctor, with tests of its own.
package doctor
