// The mix of `mpg-soak fairness --alone` in Go, for comparison. It draws the same kinds from the same numbers in the same order
// (Sources/soak/Fairness/Kind.swift), and each goroutine measures its own lateness.
//
//	fairness -procs 2 -minutes 0.5 -seed 1 [-only call,sleep]
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// SplitMix64, as in Sources/soak/Chance.swift.
type chance struct{ state uint64 }

func (c *chance) next() uint64 {
	c.state += 0x9e3779b97f4a7c15
	mixed := c.state
	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb
	return mixed ^ (mixed >> 31)
}

func (c *chance) number(low, high int) int { return low + int(c.next()%uint64(high-low+1)) }
func (c *chance) onceIn(n uint64) bool     { return c.next()%n == 0 }

var kinds = []string{
	"compute", "yield", "call", "longCall", "handOver", "print", "allocate", "lock", "sleep", "timer", "socket",
}

func microseconds(kind string, c *chance) int {
	switch kind {
	case "yield":
		return c.number(20, 500)
	case "call":
		return c.number(10, 1500)
	case "longCall":
		return c.number(1000, 15_000)
	case "handOver":
		if c.onceIn(2) {
			return c.number(20, 900)
		}
		return c.number(1000, 4000)
	case "print", "allocate":
		return c.number(0, 50)
	case "lock":
		return c.number(1, 200)
	case "sleep", "timer", "socket":
		return c.number(1000, 20_000)
	}
	return 0
}

type share struct {
	kind string
	gs   int
	us   time.Duration
}

type phase struct {
	length time.Duration
	shares []share
}

// drawPhase draws every number, whether it is used or not, so that -only does not change the other numbers.
func drawPhase(c *chance, only []string) phase {
	p := phase{length: time.Duration(c.number(800, 2400)) * time.Millisecond}
	for _, kind := range kinds {
		takesPart := c.onceIn(2)
		s := share{kind: kind, gs: c.number(1, 6)}
		s.us = time.Duration(microseconds(kind, c)) * time.Microsecond
		if len(only) > 0 {
			takesPart = slices.Contains(only, kind)
		}
		if takesPart {
			p.shares = append(p.shares, s)
		}
	}
	return p
}

// lateness holds the waits of all goroutines of one kind.
type lateness struct {
	sync.Mutex
	all []time.Duration
}

var late = map[string]*lateness{}

// stage runs one phase: it starts its goroutines, and waits until the last has ended.
type stage struct {
	over    atomic.Bool
	all     sync.WaitGroup
	mutex   sync.Mutex
	pieces  [64]atomic.Pointer[[]byte]
	nowhere int
}

// waits holds the waits of one goroutine.
type waits []time.Duration

func (w *waits) add(d time.Duration) { *w = append(*w, d) }

func (w *waits) since(due time.Time) {
	if d := time.Since(due); d > 0 {
		w.add(d)
	}
}

func (s *stage) spawn(kind string, body func(*waits)) {
	s.all.Add(1)
	go func() {
		var mine waits
		for {
			body(&mine)
			if s.over.Load() {
				break
			}
		}
		l := late[kind]
		l.Lock()
		l.all = append(l.all, mine...)
		l.Unlock()
		s.all.Done()
	}()
}

// computing starts a goroutine that computes, then does something that should take no time. How long that took counts as
// lateness.
func (s *stage) computing(kind string, d time.Duration, body func()) {
	s.spawn(kind, func(mine *waits) {
		spin(d)
		start := time.Now()
		body()
		mine.add(time.Since(start))
	})
}

// lasting starts a goroutine that does something that should take exactly this time. The time beyond counts as lateness.
func (s *stage) lasting(kind string, d time.Duration, body func()) {
	s.spawn(kind, func(mine *waits) {
		due := time.Now().Add(d)
		body()
		mine.since(due)
	})
}

func (s *stage) start(sh share) {
	d := sh.us
	switch sh.kind {
	case "compute":
		s.spawn(sh.kind, s.compute)
	case "yield":
		s.computing(sh.kind, d, runtime.Gosched)
	case "call":
		s.computing(sh.kind, d, func() { syscall.Write(s.nowhere, []byte{0}) })
	case "longCall":
		s.lasting(sh.kind, d, func() {
			ts := syscall.NsecToTimespec(int64(d))
			syscall.Nanosleep(&ts, nil)
		})
	case "handOver":
		s.handOver(d)
	case "print":
		s.computing(sh.kind, d, func() { fmt.Println("a line of text") })
	case "allocate":
		s.computing(sh.kind, d, s.swapPieces)
	case "lock":
		s.spawn(sh.kind, func(mine *waits) {
			start := time.Now()
			s.mutex.Lock()
			mine.add(time.Since(start))
			spin(d)
			s.mutex.Unlock()
			spin(2 * d)
		})
	case "sleep":
		s.lasting(sh.kind, d, func() { time.Sleep(d) })
	case "timer":
		s.spawn(sh.kind, func(mine *waits) { s.awaitTimers(d, mine) })
	case "socket":
		s.talk(d)
	}
}

func (s *stage) compute(mine *waits) {
	last := time.Now()
	for !s.over.Load() {
		work(5000)
		now := time.Now()
		if gap := now.Sub(last); gap > 200*time.Microsecond {
			mine.add(gap)
		}
		last = now
	}
}

func (s *stage) handOver(d time.Duration) {
	there, back := make(chan time.Time), make(chan time.Time)
	s.spawn("handOver", func(mine *waits) {
		defer close(there)
		for !s.over.Load() {
			there <- time.Now()
			mine.since(<-back)
			spin(d)
		}
	})
	s.spawn("handOver", func(mine *waits) {
		for sent := range there {
			mine.since(sent)
			spin(d)
			back <- time.Now()
		}
	})
}

func (s *stage) swapPieces() {
	for range 8 {
		piece := make([]byte, 1100+rand.IntN(60_000-1100+1))
		for i := range 64 {
			piece[i] = 1
		}
		s.pieces[rand.IntN(64)].Swap(&piece)
	}
}

func (s *stage) awaitTimers(d time.Duration, mine *waits) {
	const monotonic = 1
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, monotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		panic(errno)
	}
	file := os.NewFile(fd, "timer")
	defer file.Close()
	var eight [8]byte
	for !s.over.Load() {
		due := time.Now().Add(d)
		value := [2]syscall.Timespec{{}, syscall.NsecToTimespec(int64(d))}
		if _, _, errno := syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&value)), 0, 0, 0); errno != 0 {
			panic(errno)
		}
		if _, err := file.Read(eight[:]); err != nil {
			panic(err)
		}
		mine.since(due)
	}
}

func (s *stage) talk(d time.Duration) {
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		panic(err)
	}
	here, there := os.NewFile(uintptr(ends[0]), "here"), os.NewFile(uintptr(ends[1]), "there")
	s.spawn("socket", func(*waits) {
		defer here.Close()
		var eight [8]byte
		for !s.over.Load() {
			*(*int64)(unsafe.Pointer(&eight)) = int64(time.Since(epoch))
			here.Write(eight[:])
			time.Sleep(d)
		}
	})
	s.spawn("socket", func(mine *waits) {
		defer there.Close()
		var eight [8]byte
		for {
			if _, err := there.Read(eight[:]); err != nil {
				return
			}
			mine.since(epoch.Add(time.Duration(*(*int64)(unsafe.Pointer(&eight)))))
		}
	})
}

var epoch = time.Now()

func spin(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		work(100)
	}
}

//go:noinline
func work(rounds int) uint64 {
	x := uint64(1)
	for range rounds {
		x = x*6_364_136_223_846_793_005 + 1
	}
	return x
}

func report(to *os.File) {
	p := runtime.GOMAXPROCS(0)
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	for _, kind := range kinds {
		all := late[kind].all
		if len(all) == 0 {
			continue
		}
		slices.Sort(all)
		fmt.Fprintf(to, "fair-%s.p50/P%d %.3f ms\n", kind, p, ms(all[len(all)/2]))
		fmt.Fprintf(to, "fair-%s.p99/P%d %.3f ms\n", kind, p, ms(all[len(all)*99/100]))
		fmt.Fprintf(to, "fair-%s.max/P%d %.3f ms\n", kind, p, ms(all[len(all)-1]))
		fmt.Fprintf(to, "fair-%s.count/P%d %d waits\n", kind, p, len(all))
	}
}

func main() {
	procs := flag.Int("procs", 2, "GOMAXPROCS")
	minutes := flag.Float64("minutes", 1, "how long")
	seed := flag.Uint64("seed", 1, "where chance starts")
	only := flag.String("only", "", "kinds that every phase has, and no others")
	flag.Parse()
	var names []string
	if *only != "" {
		names = strings.Split(*only, ",")
	}
	runtime.GOMAXPROCS(*procs)
	// The goroutines print to /dev/null: only the printing matters, not the text.
	stdout := os.Stdout
	nowhere, err := os.OpenFile("/dev/null", os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	os.Stdout = nowhere
	raw, err := syscall.Open("/dev/null", syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		panic(err)
	}
	for _, kind := range kinds {
		late[kind] = &lateness{}
	}
	c := &chance{*seed + uint64(*procs)}
	end := time.Now().Add(time.Duration(*minutes * float64(time.Minute)))
	for time.Now().Before(end) {
		p := drawPhase(c, names)
		s := &stage{nowhere: raw}
		for _, sh := range p.shares {
			for range sh.gs {
				s.start(sh)
			}
		}
		time.Sleep(p.length)
		s.over.Store(true)
		s.all.Wait()
	}
	report(stdout)
}
