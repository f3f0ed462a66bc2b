//go:build go1.24

// What came with Go 1.24: cleanups.
package main

import "runtime"

func init() { ways = append(ways, cleanups) }

func cleanups() {
	object := &value{3, 4}
	runtime.AddCleanup(object, func(int) { park() }, 1)
	object = nil
	runtime.GC()
}
