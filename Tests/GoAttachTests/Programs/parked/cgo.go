//go:build cgo

// What only programs with C in them have: a call to C that waits, and a goroutine below C.
package main

import "parked/foreign"

func init() { ways = append(ways, foreigners) }

func foreigners() {
	start(foreign.Wait)
	start(func() { foreign.Through(func() { outer(make(chan int)) }) })
}
