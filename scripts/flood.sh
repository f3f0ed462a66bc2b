#!/usr/bin/env bash
# Floods a demo server until it is told to stop: mostly `/`, in waves, and a thin stream of everything else, so that
# each behaviour of the scheduler shows.
#
#   flood.sh http://127.0.0.1:PORT
#
# Bounded: at most 200 connections, bursts of a few seconds, all at a lower priority than the server and the viewer.
# Nothing outlives this script, even when it is killed outright: every burst dies with the loop that started it, and
# every loop looks before each burst whether the script is still there.
set -euo pipefail
base=${1:?usage: flood.sh http://127.0.0.1:PORT}
port=${base##*:}

on() { kill -0 $$ 2>/dev/null; } # $$ is the script, also in its loops

# Ends what this shell has started, and waits for it, so that nobody else has to. Each loop sets it for itself.
tidy() {
  trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
  trap 'exit 0' INT TERM HUP
}
# Signals are acted on during a `wait` only, hence what takes long runs beside it.
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

# One curl after another, as a person in a hurry would: new connections all the time.
curls() {
  tidy
  while on; do fetch 16 -o /dev/null "$base/about?[1-300]"; done
}

# What provokes one behaviour each: fan-out and steals, long channel chains, timers, Gs that hog a P.
mixed() {
  tidy
  while on; do
    fetch 24 -o /dev/null "$base/sleep?ms=[100-2000:100]" -o /dev/null "$base/pipeline?n=[50-250:50]"
    fetch 4 -o /dev/null "$base/spawn?n=[500-4500:1000]" -o /dev/null "$base/cpu?ms=[5-20:5]"
  done
}

# Connections that say nothing for a while: Gs parked on netpoll.
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
