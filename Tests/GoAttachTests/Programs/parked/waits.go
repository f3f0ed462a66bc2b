// What a goroutine can wait for: channels, locks, time, descriptors, system calls.
package main

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func init() { ways = append(ways, channels, locks, times, descriptors, threads) }

func send(c chan int) { c <- 1 }

func sendDeep(c chan int) { send(c) }

func pick(a, b chan int) int {
	select {
	case x := <-a:
		return x
	case b <- 1:
		return 1
	}
}

func channels() {
	never := make(chan int)
	start(func() { outer(never) })
	start(func() { sendDeep(never) })
	start(func() { pick(make(chan int), make(chan int)) })
	start(func() { select {} })
	start(func() { send(nil) })
	start(func() { inner(nil) })
	start(func() {
		for range never {
		}
	})
	for i := 0; i < 20; i++ {
		go outer(never)
	}
}

type guarded struct {
	sync.Mutex
	n int
}

func (g *guarded) add() {
	g.Lock()
	defer g.Unlock()
	g.n++
}

func locks() {
	g := &guarded{}
	g.Lock()
	keep = append(keep, g)
	start(g.add)
	start(func() { g.add() })

	var rw sync.RWMutex
	rw.Lock()
	start(func() { rw.RLock() })
	start(func() { rw.Lock() })

	var group sync.WaitGroup
	group.Add(1)
	start(func() { group.Wait() })

	cond := sync.NewCond(&sync.Mutex{})
	start(func() {
		cond.L.Lock()
		cond.Wait()
	})

	var once sync.Once
	start(func() { once.Do(func() { select {} }) })
	start(func() { once.Do(func() {}) })

	start(func() { <-context.Background().Done() })
}

func times() {
	start(func() { time.Sleep(time.Hour) })
	start(func() { <-time.After(time.Hour) })
	start(func() {
		ticker := time.NewTicker(time.Hour)
		defer ticker.Stop()
		<-ticker.C
	})
	time.AfterFunc(time.Millisecond, func() { select {} })
	context.AfterFunc(canceled(), func() { select {} })
}

func canceled() context.Context {
	c, cancel := context.WithCancel(context.Background())
	cancel()
	return c
}

func descriptors() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	keep = append(keep, listener)
	for i := 0; i < 3; i++ {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			panic(err)
		}
		start(func() { io.Copy(io.Discard, conn) })
	}
	start(func() {
		var conns []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
		}
	})
	read, write, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	keep = append(keep, write)
	start(func() { io.ReadAll(read) })

	// A read that blocks its thread: the goroutine is in a system call for ever.
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		panic(err)
	}
	start(func() {
		var b [1]byte
		syscall.Read(pipe[0], b[:])
	})
	start(func() {
		var b [1]byte
		syscall.Syscall(syscall.SYS_READ, uintptr(pipe[0]), uintptr(ptr(b[:])), 1)
	})
}

func threads() {
	start(func() {
		runtime.LockOSThread()
		select {}
	})
}
