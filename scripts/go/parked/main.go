// parked: an HTTP server with N goroutines that wait, for `make bench-go` to look at from outside.
//
//	parked [-n N]
//
// A goroutine waits in one of four ways, at one of four depths of calls. When all of them stand where they should, the
// program prints "ready", its pid, its version and the address of its server, which answers `/` and `/debug/pprof`, and says
// under `/requests` how many requests it answered.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

var (
	count = flag.Int("n", 100, "goroutines that wait")

	never    = make(chan int)
	nobody   = make(chan int)
	held     sync.Mutex
	answered atomic.Int64
)

func receive() { <-never }

func choose() {
	select {
	case <-never:
	case <-nobody:
	}
}

func sleep() { time.Sleep(time.Hour) }

func lock() { held.Lock() }

//go:noinline
func deeper(depth int, wait func()) {
	if depth > 0 {
		deeper(depth-1, wait)
	} else {
		wait()
	}
	runtime.KeepAlive(depth)
}

func main() {
	flag.Parse()
	held.Lock()
	ways := []func(){receive, choose, sleep, lock}
	var started sync.WaitGroup
	started.Add(*count)
	for i := 0; i < *count; i++ {
		go func() {
			started.Done()
			deeper(i/4%4, ways[i%4])
		}()
	}
	started.Wait()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "parked:", err)
		os.Exit(1)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answered.Add(1)
		w.Write([]byte("Hello World"))
	})
	http.HandleFunc("/requests", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, answered.Load()) })
	runtime.GC()
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready", os.Getpid(), runtime.Version(), listener.Addr())
	fmt.Fprintln(os.Stderr, "parked:", http.Serve(listener, nil))
}
