// parked: goroutines that wait in all the ways that there are, each below a few calls that the compiler inlines.
//
//	-many N   N more, which wait on one channel
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
	flag.Parse()
	for _, way := range ways {
		way()
	}
	never := make(chan int)
	for i := 0; i < *many; i++ {
		go outer(never)
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
