// What Go's own reader of traces says of one: each transition of each G and P, counts of events, and how long each G was in each
// state. It is compiled as a package of the toolchain, where internal/trace may be imported (scripts/go_trace_truth.sh).
//
//	truth FILE
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sort"

	"internal/trace"
)

type account struct {
	state trace.GoState
	since trace.Time
	times map[trace.GoState]int64
}

func main() {
	file, err := os.Open(os.Args[1])
	check(err)
	reader, err := trace.NewReader(bufio.NewReader(file))
	check(err)
	counts := map[string]int{}
	gs := map[trace.GoID]*account{}
	var order []trace.GoID
	blocked := map[string]int64{}
	reasons := map[trace.GoID]string{}
	var first, last trace.Time
	var mixed uint64
	for {
		event, err := reader.ReadEvent()
		if err == io.EOF {
			break
		}
		check(err)
		if event.Kind() == trace.EventSync {
			continue
		}
		if first == 0 {
			first = event.Time()
		}
		last = event.Time()
		// A sum of all times, threads, Ps and Gs, which depends on the order of the events.
		mixed = mixed*31 + uint64(event.Time())
		mixed = mixed*31 + uint64(event.Thread())
		mixed = mixed*31 + uint64(event.Proc())
		mixed = mixed*31 + uint64(event.Goroutine())
		name := event.Kind().String()
		if event.Kind() == trace.EventStateTransition {
			t := event.StateTransition()
			name = t.Resource.Kind.String()
			if t.Resource.Kind == trace.ResourceGoroutine {
				id := t.Resource.Goroutine()
				from, to := t.Goroutine()
				name += " " + from.String() + " " + to.String()
				g := gs[id]
				if g == nil {
					g = &account{times: map[trace.GoState]int64{}, since: event.Time()}
					gs[id] = g
					order = append(order, id)
				}
				spent := int64(event.Time() - g.since)
				if g.state != trace.GoUndetermined {
					g.times[g.state] += spent
				}
				if g.state == trace.GoWaiting {
					blocked[reasons[id]] += spent
				}
				if to == trace.GoWaiting && from != trace.GoWaiting {
					reasons[id] = t.Reason
				}
				g.state, g.since = to, event.Time()
			} else {
				from, to := t.Proc()
				name += " " + from.String() + " " + to.String()
			}
		}
		counts[name]++
	}
	fmt.Printf("span %d %d\n", first, last)
	fmt.Printf("mixed %d\n", mixed)
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Printf("count %s %d\n", name, counts[name])
	}
	sort.Slice(order, func(a, b int) bool { return order[a] < order[b] })
	for _, id := range order {
		g := gs[id]
		if g.state != trace.GoUndetermined && g.state != trace.GoNotExist {
			g.times[g.state] += int64(last - g.since)
			if g.state == trace.GoWaiting {
				blocked[reasons[id]] += int64(last - g.since)
			}
		}
		fmt.Printf("g %d %d %d %d %d\n", id, g.times[trace.GoRunnable], g.times[trace.GoRunning],
			g.times[trace.GoSyscall], g.times[trace.GoWaiting])
	}
	names = nil
	for name := range blocked {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Printf("blocked %d %s\n", blocked[name], name)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "truth:", err)
		os.Exit(1)
	}
}
