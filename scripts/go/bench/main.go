// The measures of Sources/bench/Convoys.swift and Turns.swift in Go. The peers' Go program lacks them. Names, numbers of
// operations and the meaning of one operation are the same.
//
//	bench [-p GOMAXPROCS] [-n OPERATIONS] NAME...
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type measure struct {
	procs, operations int
	run               func(operations int)
}

var measures = map[string]measure{
	"print-16":      {2, 2_000_000, printing},
	"alloc-16":      {2, 500_000, allocating},
	"sleep-hogs-2":  {2, 200, func(n int) { sleepBesideHogs("sleep-hogs-2", 2, n) }},
	"sleep-hogs-4":  {2, 200, func(n int) { sleepBesideHogs("sleep-hogs-4", 4, n) }},
	"sleep-hogs-10": {2, 200, func(n int) { sleepBesideHogs("sleep-hogs-10", 10, n) }},
	"yield-fair":    {1, 200, yieldFairly},
}

func line(name string, value float64, unit string) {
	fmt.Printf("%s/P%d %.2f %s\n", name, runtime.GOMAXPROCS(0), value, unit)
}

func spread(name string, all []time.Duration) {
	slices.Sort(all)
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	line(name+".p50", us(all[len(all)/2]), "us")
	line(name+".p99", us(all[len(all)*99/100]), "us")
	line(name+".max", us(all[len(all)-1]), "us")
}

func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// crowd runs sixteen goroutines, each of which calls eight, which does eight operations, again and again. It reports the time
// that they took, and the longest stretch in which none of them made progress.
func crowd(name string, total int, eight func(), after func()) {
	const gs = 16
	rounds := max(1, total/gs/8)
	runtime.GC()
	var all sync.WaitGroup
	var last, most atomic.Int64
	all.Add(gs)
	cpu, start := cpuTime(), time.Now()
	for range gs {
		go func() {
			for range rounds {
				eight()
				now := int64(time.Since(start))
				// The moment only moves forward: a goroutine that was preempted after it read the clock brings an old time.
				before := last.Load()
				for now > before && !last.CompareAndSwap(before, now) {
					before = last.Load()
				}
				gap := now - before
				for old := most.Load(); gap > old && !most.CompareAndSwap(old, gap); old = most.Load() {
				}
			}
			all.Done()
		}()
	}
	all.Wait()
	wall, used := time.Since(start), cpuTime()-cpu
	after()
	operations := float64(rounds * gs * 8)
	line(name, float64(wall)/operations, "ns/op")
	line(name+".cpu", float64(used)/operations, "ns/op")
	line(name+".stall", float64(most.Load())/1e6, "ms")
}

func printing(total int) {
	stdout := os.Stdout
	nowhere, err := os.OpenFile("/dev/null", os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	os.Stdout = nowhere
	crowd("print-16", total, func() {
		for range 8 {
			fmt.Println("a line of text")
		}
	}, func() { os.Stdout = stdout })
}

// In Go the garbage collector frees memory. So an operation puts a new piece into a place, and drops the one that was there.
func allocating(total int) {
	var places [256]atomic.Pointer[[]byte]
	crowd("alloc-16", total, func() {
		for range 8 {
			piece := make([]byte, 1100+rand.IntN(60_000-1100+1))
			for i := range 64 {
				piece[i] = 1
			}
			places[rand.IntN(256)].Swap(&piece)
		}
	}, func() {})
}

func sleepBesideHogs(name string, hogs, count int) {
	var stop atomic.Bool
	var all sync.WaitGroup
	for range hogs {
		all.Add(1)
		go func() {
			hog(&stop)
			all.Done()
		}()
	}
	late := make([]time.Duration, count)
	for i := range late {
		start := time.Now()
		time.Sleep(5 * time.Millisecond)
		late[i] = time.Since(start) - 5*time.Millisecond
	}
	spread(name+".late", late)
	stop.Store(true)
	all.Wait()
}

// hog computes for long without a call or a yield. Only a signal can preempt it.
//
//go:noinline
func hog(stop *atomic.Bool) {
	x := uint64(1)
	for {
		for range 100_000_000 {
			x = (x ^ x>>7) * 1_664_525
			x += 1_013_904_223
		}
		if stop.Load() || x == 42 {
			return
		}
	}
}

func yieldFairly(count int) {
	var stop atomic.Bool
	var all sync.WaitGroup
	var lock sync.Mutex
	var turns []time.Duration
	for range 10 {
		all.Add(1)
		go func() {
			var mine []time.Duration
			for !stop.Load() {
				for start := time.Now(); time.Since(start) < 300*time.Microsecond; {
				}
				start := time.Now()
				runtime.Gosched()
				mine = append(mine, time.Since(start))
			}
			lock.Lock()
			turns = append(turns, mine...)
			lock.Unlock()
			all.Done()
		}()
	}
	late := make([]time.Duration, count)
	for i := range late {
		start := time.Now()
		pause := syscall.NsecToTimespec(5_000_000)
		syscall.Nanosleep(&pause, nil)
		late[i] = time.Since(start) - 5*time.Millisecond
	}
	stop.Store(true)
	all.Wait()
	spread("yield-fair.turn", turns)
	spread("yield-fair.call", late)
}

func main() {
	procs := flag.Int("p", 0, "GOMAXPROCS (0: the measure's own default)")
	count := flag.Int("n", 0, "operations (0: the measure's own default)")
	flag.Parse()
	for _, name := range flag.Args() {
		m, ok := measures[name]
		if !ok {
			fmt.Fprintln(os.Stderr, "bench: no measure", name)
			os.Exit(2)
		}
		if *procs > 0 {
			m.procs = *procs
		}
		if *count > 0 {
			m.operations = *count
		}
		runtime.GOMAXPROCS(m.procs)
		m.run(m.operations)
	}
}
