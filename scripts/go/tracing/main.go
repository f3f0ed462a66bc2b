// Does much of what a trace tells of, and traces it: channels, Gs that come and go, and connections that echo.
//
//	tracing FILE SECONDS
package main

import (
	"fmt"
	"net"
	"os"
	"runtime/trace"
	"strconv"
	"sync"
	"time"
)

func main() {
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	check(err)
	file, err := os.Create(os.Args[1])
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go serve(listener)
	check(trace.Start(file))
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	var group sync.WaitGroup
	for i := 0; i < 16; i++ {
		calls, replies := make(chan int), make(chan int)
		group.Add(2)
		go func() {
			defer group.Done()
			for time.Now().Before(end) {
				calls <- 1
				<-replies
			}
			close(calls)
		}()
		go func() {
			defer group.Done()
			for range calls {
				done := make(chan int)
				go func() { done <- 1 }()
				<-done
				replies <- 1
			}
		}()
	}
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			connection, err := net.Dial("tcp", listener.Addr().String())
			check(err)
			bytes := make([]byte, 64)
			for time.Now().Before(end) {
				connection.Write(bytes[:8])
				connection.Read(bytes)
			}
			connection.Close()
		}()
	}
	group.Wait()
	trace.Stop()
	check(file.Close())
}

func serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			bytes := make([]byte, 64)
			for {
				count, err := connection.Read(bytes)
				if err != nil {
					return
				}
				connection.Write(bytes[:count])
			}
		}()
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tracing:", err)
		os.Exit(1)
	}
}
