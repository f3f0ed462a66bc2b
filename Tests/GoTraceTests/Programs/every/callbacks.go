//go:build cgo

// A thread of C's own calls Go, so that a G comes out of nothing, in a system call.
package main

/*
#include <pthread.h>
#include <stddef.h>

extern void called(void);

static void *run(void *unused) {
  called();
  called();
  return unused;
}

static void callFromThread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, run, NULL) == 0) pthread_join(thread, NULL);
}
*/
import "C"

import "runtime"

//export called
func called() { runtime.Gosched() }

func callbacks() {
	for i := 0; i < 3; i++ {
		C.callFromThread()
	}
}
