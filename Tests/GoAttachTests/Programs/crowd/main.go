// crowd: a Go program with goroutines of every kind, for the tests of GoAttach to look at from outside.
//
// Each flag says how many goroutines of one kind there are. When all of them stand where they should, the program prints
// "ready" with the address of its HTTP server, which serves net/http/pprof, and the runtime's own numbers under /numbers. Under
// /execute it becomes the program that the request names.
// It needs no other module, and builds with Go 1.21 and later.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	receivers = flag.Int("receive", 0, "goroutines that receive from a channel nobody sends to")
	senders   = flag.Int("send", 0, "goroutines that send to a channel nobody receives from")
	selectors = flag.Int("select", 0, "goroutines in a select of two channels")
	sleepers  = flag.Int("sleep", 0, "goroutines that sleep for an hour")
	lockers   = flag.Int("mutex", 0, "goroutines that wait for a mutex which is held")
	groupers  = flag.Int("group", 0, "goroutines that wait for a WaitGroup")
	condition = flag.Int("cond", 0, "goroutines that wait for a Cond")
	readers   = flag.Int("read", 0, "goroutines that read from connections on which nothing comes")
	unread    = flag.Int("unread", 0, "connections with bytes that nobody reads")
	wired     = flag.Int("wired", 0, "goroutines locked to their threads that wait for a channel")
	calls     = flag.Int("call", 0, "goroutines in a system call that does not return")
	hogs      = flag.Int("hog", 0, "goroutines that compute for ever")
	late      = flag.Bool("late", false, "those that compute begin only when the program is ready")
	storms    = flag.Int("storm", 0, "goroutines that start short goroutines again and again")
	labelled  = flag.Int("label", 0, "goroutines with pprof labels that wait for a channel")
	churn     = flag.Bool("churn", false, "change GOMAXPROCS again and again")
	hidden    = flag.Bool("hidden", false, "forbid others of the same user to look at the program")
	collect   = flag.Bool("collect", false, "allocate, and collect garbage again and again")
)

var (
	never   = make(chan int)
	begin   = make(chan int)
	sums    atomic.Uint64
	waste   []byte
	held    sync.Mutex
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

func compute(rounds int) {
	sum := uint64(rounds)
	for i := 0; i < rounds; i++ {
		sum = sum*6364136223846793005 + 1442695040888963407
	}
	sums.Add(sum & 1)
}

// hog calls nothing, so with GODEBUG=asyncpreemptoff=1 it is never stopped.
func hog() {
	<-begin
	sum := uint64(1)
	for {
		sum = sum*6364136223846793005 + 1442695040888963407
		if sum == 0 {
			sums.Add(1)
		}
	}
}

func storm() {
	for {
		var all sync.WaitGroup
		for i := 0; i < 100; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				compute(1000)
			}()
		}
		all.Wait()
	}
}

// pair makes two ends of a connection.
func pair(listener net.Listener) (net.Conn, net.Conn) {
	near, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	far, err := listener.Accept()
	check(err)
	return near, far
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

func numbers(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "goroutines", runtime.NumGoroutine())
	fmt.Fprintln(w, "procs", runtime.GOMAXPROCS(0))
	for _, name := range metrics.All() {
		sample := []metrics.Sample{{Name: name.Name}}
		metrics.Read(sample)
		if sample[0].Value.Kind() == metrics.KindUint64 {
			fmt.Fprintln(w, name.Name, sample[0].Value.Uint64())
		}
	}
}

func main() {
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)

	if *hidden {
		// PR_SET_DUMPABLE
		syscall.RawSyscall(syscall.SYS_PRCTL, 4, 0, 0)
	}
	if !*late {
		close(begin)
	}
	held.Lock()
	nobody.Add(1)
	start(*receivers, receiveInside)
	start(*senders, send)
	start(*selectors, choose)
	start(*sleepers, func() { time.Sleep(time.Hour) })
	start(*lockers, func() { held.Lock() })
	start(*groupers, func() { nobody.Wait() })
	start(*condition, func() { signal.L.Lock(); signal.Wait() })
	var ends []net.Conn
	for i := 0; i < *readers; i++ {
		near, far := pair(listener)
		ends = append(ends, near)
		start(1, func() { far.Read(make([]byte, 1)) })
	}
	for i := 0; i < *unread; i++ {
		near, far := pair(listener)
		far.Write(make([]byte, 1000))
		ends = append(ends, near, far)
	}
	start(*wired, func() { runtime.LockOSThread(); <-never })
	start(*calls, func() {
		var pipe [2]int
		check(syscall.Pipe(pipe[:]))
		syscall.Read(pipe[0], make([]byte, 1))
	})
	start(*labelled, func() {
		pprof.Do(context.Background(), pprof.Labels("part", "crowd", "kind", "labelled"), func(context.Context) { <-never })
	})
	start(*hogs, hog)
	start(*storms, storm)
	if *churn {
		go func() {
			for n := 0; ; n++ {
				runtime.GOMAXPROCS(1 + n%8)
				time.Sleep(time.Millisecond)
			}
		}()
	}
	if *collect {
		go func() {
			for {
				waste = append([]byte(nil), make([]byte, 1<<20)...)
				runtime.GC()
			}
		}()
	}
	started.Wait()
	time.Sleep(50 * time.Millisecond)
	fmt.Println("ready", os.Getpid(), runtime.Version(), server.Addr())
	http.HandleFunc("/numbers", numbers)
	http.HandleFunc("/execute", func(_ http.ResponseWriter, request *http.Request) {
		words := request.URL.Query()["word"]
		check(syscall.Exec(words[0], words, os.Environ()))
	})
	if *late {
		close(begin)
	}
	check(http.Serve(server, nil))
	runtime.KeepAlive(ends)
}
