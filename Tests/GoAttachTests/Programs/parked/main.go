// parked: goroutines that wait in all the ways that there are, each below a few calls that the compiler inlines.
//
//	-many N    N more, which wait on one channel
//	-churn N   N pairs that wake each other all the time, and N short-lived goroutines at a time
//
// It prints one line, the address of its pages and where the runtime keeps its goroutines:
//
//	ready http://127.0.0.1:PORT/debug/pprof/ allgs=0x… module=0x… version=go1.…
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"time"
)

func allgsAddress() uintptr
func moduleAddress() uintptr
func throughAssembly(f func())
func throughFrameless(f func())

// ways is filled by the init functions of the files: each starts goroutines that wait for ever.
var ways []func()

// keep holds what must not be collected.
var keep []any

// start waits for a new goroutine to be where it will stay, as far as that can be seen.
func start(f func()) {
	begun := make(chan bool)
	go func() {
		begun <- true
		f()
	}()
	<-begun
	runtime.Gosched()
}

func main() {
	many := flag.Int("many", 0, "more goroutines that wait on one channel")
	churn := flag.Int("churn", 0, "pairs that wake each other all the time")
	flag.Parse()
	for _, way := range ways {
		way()
	}
	never := make(chan int)
	for i := 0; i < *many; i++ {
		go outer(never)
	}
	for i := 0; i < *churn; i++ {
		go ping(make(chan int), i)
		go brief(i)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Printf("ready http://%v/debug/pprof/ allgs=%#x module=%#x version=%s\n",
		listener.Addr(), allgsAddress(), moduleAddress(), runtime.Version())
	http.Serve(listener, nil)
}

// outer, middle and inner are one function after inlining.
func outer(c chan int) int { return middle(c) + 1 }

func middle(c chan int) int {
	x := inner(c)
	return x * 2
}

func inner(c chan int) int { return <-c }

// ping and pong wake each other, at depths that change.
func ping(c chan int, n int) {
	go pong(c)
	for ; ; n++ {
		pingDeep(c, n%20)
	}
}

func pingDeep(c chan int, n int) int {
	if n == 0 {
		c <- 1
		return 1
	}
	return pingDeep(c, n-1) + 1
}

func pong(c chan int) {
	for n := 0; ; n++ {
		pongDeep(c, n%7)
		if n%1000 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

//go:noinline
func pongDeep(c chan int, n int) int {
	if n == 0 {
		return <-c
	}
	var frame [300]byte
	frame[n] = 1
	return pongDeep(c, n-1) + int(frame[n])
}

// brief starts another one before it ends.
func brief(n int) {
	time.Sleep(time.Duration(n%5) * time.Millisecond)
	go brief(n + 1)
}
