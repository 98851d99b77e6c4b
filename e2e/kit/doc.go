// Package kit runs the program hypertest against the lab: it passes there, it
// refuses what it must refuse without a trace on the hosts, and it brings VMs
// back when it is interrupted or after it was killed. Its first test also keeps
// the recording of the lab's answers that real hosts are compared with:
//
//	go test ./e2e/kit -run TestPassesOnTheLab -update
//
// What this package is not: it has no code of its own besides tests.
package kit
