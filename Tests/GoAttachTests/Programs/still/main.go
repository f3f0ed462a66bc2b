// still: a small Go program with goroutines of most kinds, from which images of memory are captured for tests.
//
// It prints the stacks of all its goroutines and "ready", and from then on some goroutines compute for ever, more than
// there are Ps, so that queues are full. Without preemption (GODEBUG=asyncpreemptoff=1) nothing else happens. It needs no
// network and no formatting, since each of them would make the image many times as large.
package main

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

var (
	never   = make(chan int)
	begin   = make(chan int)
	nothing chan int
	sum     uint64
	held    sync.Mutex
	shared  sync.RWMutex
	nobody  sync.WaitGroup
	signal  = sync.NewCond(&sync.Mutex{})
	started sync.WaitGroup
)

// start begins n goroutines with body.
func start(n int, body func()) {
	for i := 0; i < n; i++ {
		started.Add(1)
		go func() {
			started.Done()
			body()
		}()
	}
}

func receive()       { <-never }
func receiveInside() { receive() } // inlined, so that tables must tell the frame

func send() { make(chan int) <- 1 }

func choose() {
	select {
	case <-never:
	case <-make(chan int):
	}
}

type waiter interface{ wait(depth int) }

type deep struct{ name string }

// wait recurses, so that a stack has some equal frames.
func (d *deep) wait(depth int) {
	if depth > 0 {
		d.wait(depth - 1)
	} else {
		<-never
	}
	runtime.KeepAlive(d.name)
}

func afterPanic() {
	defer func() {
		recover()
		<-never
	}()
	panic("on the way down")
}

// hog calls nothing, so without asynchronous preemption it is never stopped.
func hog() {
	<-begin
	mine := uint64(1)
	for {
		mine = mine*6364136223846793005 + 1442695040888963407
		if mine == 0 {
			sum++
		}
	}
}

func main() {
	held.Lock()
	shared.Lock()
	nobody.Add(1)
	start(3, receiveInside)
	start(2, send)
	start(2, choose)
	start(1, func() { time.Sleep(time.Hour) })
	start(1, func() { held.Lock() })
	start(1, func() { shared.RLock() })
	start(1, func() { nobody.Wait() })
	start(1, func() { signal.L.Lock(); signal.Wait() })
	start(1, func() { <-nothing })
	start(1, func() { select {} })
	start(1, func() { var w waiter = &deep{"still"}; w.wait(5) })
	start(1, afterPanic)
	start(1, func() {
		read, write, err := os.Pipe()
		if err == nil {
			read.Read(make([]byte, 1))
		}
		runtime.KeepAlive(write)
	})
	start(1, func() { runtime.LockOSThread(); <-never })
	start(1, func() {
		var pipe [2]int
		if syscall.Pipe(pipe[:]) == nil {
			syscall.Read(pipe[0], make([]byte, 1))
		}
	})
	start(10, hog)
	started.Wait()
	time.Sleep(50 * time.Millisecond)
	stacks := make([]byte, 1<<18)
	os.Stdout.Write(stacks[:runtime.Stack(stacks, true)])
	os.Stdout.WriteString("\nready\n")
	close(begin)
	<-never
}
