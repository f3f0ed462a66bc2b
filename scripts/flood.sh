#!/usr/bin/env bash
# Floods a demo server with requests until this script is stopped: mostly for `/`, in waves, and a few for every other path,
# so that each behaviour of the scheduler shows.
#
#   flood.sh http://127.0.0.1:PORT
#
# The load is bounded: at most 200 connections, in bursts of a few seconds, at a lower priority than the server and the
# viewer. Nothing outlives this script, even when it is killed: every burst ends with the loop that started it, and every
# loop checks before each burst whether the script still runs.
set -euo pipefail
base=${1:?usage: flood.sh http://127.0.0.1:PORT}
port=${base##*:}

on() { kill -0 $$ 2>/dev/null; } # even in the loops, which are subshells, $$ is the script's process id

# Makes this shell end its jobs, and wait for them, when it exits. Each loop is a shell of its own, so each calls this.
tidy() {
  trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
  trap 'exit 0' INT TERM HUP
}
# The shell handles signals at once only during a `wait`. So everything that takes long runs in the background.
pause() {
  sleep "$1" &
  wait $!
}
burst() {
  setpriv --pdeathsig KILL -- nice -n 5 "$@" >/dev/null 2>&1 &
  wait $! || pause 0.2
}
fetch() { burst curl -s --max-time 10 --parallel --parallel-max "$1" "${@:2}"; }

# Waves of plain requests over keep-alive connections; the pauses let the queues run empty.
hello() {
  tidy
  while on; do
    if command -v wrk >/dev/null 2>&1; then
      burst wrk -t1 -c64 -d5s "$base/"
      pause 1
      burst wrk -t1 -c8 -d2s "$base/"
    else
      fetch 64 -o /dev/null "$base/?[1-10000]"
      pause 1
    fi
  done
}

# One curl after another: new connections all the time.
curls() {
  tidy
  while on; do fetch 16 -o /dev/null "$base/about?[1-300]"; done
}

# The paths that each provoke one behaviour: fan-out and steals, long channel chains, timers, Gs that hog a P.
mixed() {
  tidy
  while on; do
    fetch 24 -o /dev/null "$base/sleep?ms=[100-2000:100]" -o /dev/null "$base/pipeline?n=[50-250:50]"
    fetch 4 -o /dev/null "$base/spawn?n=[500-4500:1000]" -o /dev/null "$base/cpu?ms=[5-20:5]"
  done
}

# Connections on which nothing is sent for a while, so that their Gs are parked on netpoll.
idle() {
  tidy
  local fds fd
  while on; do
    fds=()
    for _ in {1..40}; do
      { exec {fd}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || break
      fds+=("$fd")
    done
    pause 4
    for fd in "${fds[@]}"; do exec {fd}>&-; done
  done
}

tidy
hello &
curls &
mixed &
idle &
wait
