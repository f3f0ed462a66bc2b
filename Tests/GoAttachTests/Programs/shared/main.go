// shared: a library for programs in C, with a goroutine in it.
package main

import "C"

import "time"

//export Begin
func Begin() {
	go time.Sleep(time.Hour)
}

func main() {}
