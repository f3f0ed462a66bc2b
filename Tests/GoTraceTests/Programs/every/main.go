// Does, in a few milliseconds, everything that an execution trace can tell of, and writes the trace.
//
//	every FILE|FOLDER [SECONDS]
//
// With a number of seconds it goes on for so long, in which it does little, so that the trace has several generations.
// Into a folder it writes snapshots of a flight recorder, if this Go has one.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"time"
)

var sink [][]byte

func main() {
	if status, err := os.Stat(os.Args[1]); err == nil && status.IsDir() {
		flight(os.Args[1])
		return
	}
	file, err := os.Create(os.Args[1])
	check(err)
	// Gs, a region and a task that are older than the trace.
	old := make(chan int)
	go waitForOld(old)
	context, task := trace.NewTask(context.Background(), "older")
	samples, err := os.CreateTemp("", "samples")
	check(err)
	defer os.Remove(samples.Name())
	check(pprof.StartCPUProfile(samples))
	check(trace.Start(file))
	trace.Log(context, "kind", "a log of an older task")
	task.End()
	channels()
	locks()
	timers()
	network()
	pipes()
	collect()
	requests()
	coroutines()
	callbacks()
	burn(12 * time.Millisecond)
	if len(os.Args) > 2 {
		linger(os.Args[2])
	}
	old <- 1
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	trace.Stop()
	pprof.StopCPUProfile()
	check(file.Close())
}

// linger has a task, a region, and a G in a system call that last longer than a generation.
func linger(seconds string) {
	long, err := time.ParseDuration(seconds + "s")
	check(err)
	reader, writer, err := os.Pipe()
	check(err)
	reader.Fd()
	go reader.Read(make([]byte, 1))
	context, task := trace.NewTask(context.Background(), "long")
	region := trace.StartRegion(context, "all of it")
	for end := time.Now().Add(long); time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
		channels()
	}
	region.End()
	task.End()
	writer.Close()
}

func waitForOld(c chan int) { <-c }

func channels() {
	c, done := make(chan int), make(chan bool)
	go func() {
		for range c {
			runtime.Gosched()
		}
		select {
		case done <- true:
		case <-time.After(time.Second):
		}
	}()
	for i := 0; i < 20; i++ {
		c <- i
	}
	close(c)
	<-done
}

func locks() {
	var mutex sync.Mutex
	var group sync.WaitGroup
	condition := sync.NewCond(&mutex)
	isReady := false
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			mutex.Lock()
			for !isReady {
				condition.Wait()
			}
			time.Sleep(100 * time.Microsecond)
			mutex.Unlock()
		}()
	}
	time.Sleep(time.Millisecond)
	mutex.Lock()
	isReady = true
	mutex.Unlock()
	condition.Broadcast()
	group.Wait()
}

func timers() {
	ticker := time.NewTicker(300 * time.Microsecond)
	for i := 0; i < 3; i++ {
		<-ticker.C
	}
	ticker.Stop()
}

func network() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		there, err := listener.Accept()
		check(err)
		time.Sleep(time.Millisecond)
		there.Write([]byte("hello"))
		there.Close()
	}()
	here, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	here.Read(make([]byte, 5))
	here.Close()
	listener.Close()
}

// A read that lasts loses its P to sysmon.
func pipes() {
	reader, writer, err := os.Pipe()
	check(err)
	// Fd makes it block, so that the read is a system call and not netpoll's.
	descriptor := reader.Fd()
	go func() {
		time.Sleep(30 * time.Millisecond)
		writer.Write([]byte("x"))
		writer.Close()
	}()
	_ = descriptor
	reader.Read(make([]byte, 1))
	reader.Close()
}

func collect() {
	debug.SetGCPercent(20)
	var group sync.WaitGroup
	for i := 0; i < 2; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			var mine [][]byte
			for j := 0; j < 250; j++ {
				mine = append(mine, make([]byte, 8<<10))
			}
			sink = mine[:1]
		}()
	}
	group.Wait()
	debug.SetGCPercent(100)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
}

func requests() {
	var group sync.WaitGroup
	for i := 0; i < 3; i++ {
		group.Add(1)
		context, task := trace.NewTask(context.Background(), "request")
		go pprof.Do(context, pprof.Labels("path", fmt.Sprint("/item/", i)), func(c context2) {
			defer group.Done()
			defer task.End()
			trace.WithRegion(c, "parse", func() { trace.Log(c, "length", fmt.Sprint(i)) })
			child, part := trace.NewTask(c, "query")
			trace.WithRegion(child, "wait", func() { time.Sleep(time.Duration(i+1) * time.Millisecond) })
			part.End()
		})
	}
	group.Wait()
}

type context2 = context.Context

func burn(long time.Duration) {
	for end := time.Now().Add(long); time.Now().Before(end); {
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
