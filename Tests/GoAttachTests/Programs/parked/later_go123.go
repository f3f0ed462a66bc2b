//go:build go1.23

// What came with Go 1.23: iterators, which run as coroutines if they are pulled.
package main

import (
	"iter"
	"maps"
	"slices"
)

func init() { ways = append(ways, iterators) }

func numbers(yield func(int) bool) {
	yield(1)
	park()
}

func iterators() {
	start(func() {
		for range numbers {
			park()
		}
	})
	start(func() {
		next, stop := iter.Pull(numbers)
		defer stop()
		next()
		next()
	})
	start(func() {
		next, stop := iter.Pull(numbers)
		defer stop()
		next()
		park()
	})
	start(func() {
		for range slices.Sorted(maps.Keys(map[int]int{1: 2})) {
			park()
		}
	})
}
