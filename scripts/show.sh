#!/usr/bin/env bash
# Plays the show of `make demo` on a demo server, again and again until this script is stopped: what a scheduler does, one
# thing after the other, within a minute. It only sends requests, by mpg-load. What happens then, mpgtop sees by itself.
#
#   show.sh BIN-FOLDER http://127.0.0.1:PORT
#
# Nothing outlives this script, even when it is killed.
set -euo pipefail
bin=${1:?usage: show.sh BIN-FOLDER http://127.0.0.1:PORT}
base=${2:?usage: show.sh BIN-FOLDER http://127.0.0.1:PORT}

# The server and this script's mpg-load each need a descriptor for a connection, and some to spare.
crowd=10000
limit=$(ulimit -Hn)
[ "$limit" = unlimited ] || [ "$limit" -ge $((crowd + 200)) ] || crowd=$((limit - 200))

cpus=$(nproc)

trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
trap 'exit 0' INT TERM HUP

# load ARGUMENT...: starts mpg-load, which ends with this script, at a lower priority than the server and the viewer.
load() {
  # shellcheck disable=SC2016 # the inner shell expands it
  setpriv --pdeathsig TERM -- nice -n 5 sh -c '[ "$PPID" -eq "$0" ] || exit 143; exec "$@"' $$ \
    "$bin/mpg-load" "$@" "$base" </dev/null >/dev/null 2>&1 &
}
# The shell handles signals at once only during a `wait`.
pause() {
  sleep "$1" &
  wait $!
}

load --idle "$crowd" # connections on which nothing is said, for the whole show
pause 5
while :; do
  load -c 32 -r 5000 -d 53 --path 9:/ --path 1:/about # requests all the time: steals
  pause 6
  load --burst 300 --path '/spawn?n=500' # full queues
  pause 8
  load -r $((8 * cpus)) -c $((4 * cpus)) -d 6 --path '/hog?ms=150' # Gs that never give way, on all Ps
  pause 11
  load -r 40 -c 16 -d 8 --path '/block?ms=200' # threads that sleep in the kernel
  pause 11
  load -r 2 -c 4 -d 6 --path '/spawn?n=20000' # slow requests
  pause 9
  load --burst 300 --path '/spawn?n=500'
  pause 10
done
