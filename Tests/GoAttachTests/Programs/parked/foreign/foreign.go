//go:build cgo

// Package foreign calls C: a call that waits there, and a way through C back to Go. It is a package of its own, because
// one with C in it may not have Go's assembly.
package foreign

/*
#include <unistd.h>
extern void parkedBelowC(void);
static void throughC(void) { parkedBelowC(); }
static void waitInC(void) { for (;;) pause(); }
*/
import "C"

var below func()

//export parkedBelowC
func parkedBelowC() { below() }

// Wait waits in C.
func Wait() { C.waitInC() }

// Through calls C, which calls f.
func Through(f func()) {
	below = f
	C.throughC()
}
