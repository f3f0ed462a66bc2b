//go:build go1.23

// Coroutines, which Go has since 1.23: one ends by itself, one is stopped.
package main

import "iter"

func coroutines() {
	count := func(yield func(int) bool) {
		for i := 0; i < 3 && yield(i); i++ {
		}
	}
	next, _ := iter.Pull(count)
	for _, ok := next(); ok; _, ok = next() {
	}
	next, stop := iter.Pull(count)
	next()
	stop()
}
