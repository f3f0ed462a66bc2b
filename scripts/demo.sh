#!/usr/bin/env bash
# The main scenario in one command: starts the demo server, plays a show on it (show.sh), and opens mpgtop on it. When
# somebody loads the server by mpgtop's keys, the show ends.
#
#   demo.sh [--crash] [BIN-FOLDER]        default: .build/release
#
# `q` in mpgtop ends everything. Without a terminal the script prints ten seconds of frames and exits with 0. However the
# script ends, even by kill -9, the server and its load end too.
#
# With --crash the server runs under a flood for five seconds, is killed (kill -9), and mpgtop opens on its last moments: they
# are in its region, which outlives it. Without a terminal the script prints the last moment.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
crash=''
[ "${1:-}" != --crash ] || { crash=yes && shift; }
bin=${1:-$here/../.build/release}
file=$(mktemp)
exec {fd}<>"$file" # the server's output; the file's name is removed at once, so that no end of the script can leave it
rm "$file"
log=/proc/$$/fd/$fd
server='' load='' top='' terminal=''

# bound COMMAND...: replaces this shell by a command that the kernel ends when the script ends. The script may have ended
# before the kernel was told, so the command's parent is checked first.
bound() {
  # shellcheck disable=SC2016 # the inner shell expands it
  exec setpriv --pdeathsig TERM -- sh -c '[ "$PPID" -eq "$0" ] || exit 143; exec "$@"' $$ "$@"
}

# stop PID: ends a process by SIGTERM or, if it is still there after three seconds, by SIGKILL.
stop() {
  [ -n "$1" ] || return 0
  kill "$1" 2>/dev/null || true
  for _ in {1..30}; do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

cleanup() {
  trap '' INT TERM HUP
  stop "$top"
  [ -z "$terminal" ] || stty "$terminal" 2>/dev/null || true
  stop "$load"
  stop "$server"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Starts the server on the first free port from 8080 on, and returns when it answers.
start_server() {
  local asked=8080
  port=$asked
  while taken "$port"; do
    port=$((port + 1))
    [ "$port" -lt 8180 ] || { echo "demo.sh: ports 8080 to 8179 are all taken; free one and run this again" >&2; exit 1; }
  done
  [ "$port" -eq "$asked" ] || echo "demo.sh: port $asked is taken, using $port"
  # Room for thousands of connections of mpg-load, which may be idle for long.
  bound "$bin/mpg-demo" --port "$port" --control --max-connections 100000 --idle-timeout 600000 </dev/null >"$log" 2>&1 &
  server=$!
  for _ in {1..100}; do
    kill -0 "$server" 2>/dev/null || break
    [ "$(curl -s --max-time 2 "http://127.0.0.1:$port/")" != "Hello World" ] || return 0
    sleep 0.1
  done
  echo "demo.sh: the server did not come up; it said:" >&2
  sed 's/^/  /' "$log" >&2
  exit 1
}

start_server
base="http://127.0.0.1:$port"
if [ -n "$crash" ]; then
  bound "$here/flood.sh" "$base" </dev/null >/dev/null 2>&1 &
else
  bound "$here/show.sh" "$bin" "$base" </dev/null >/dev/null 2>&1 &
fi
load=$!

# Kills the server when it has been under load for a while. The region stays.
crash() {
  echo "demo.sh: the server (pid $server) is under load; in five seconds it is killed (kill -9)"
  sleep 5 &
  wait $!
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
  watched=(--post-mortem "$server")
  server=''
  stop "$load"
  load=''
}
watched=("$server")
[ -z "$crash" ] || crash

# mpgtop runs in the background, and the shell waits for it: then a signal to this script takes effect at once, not after `q`.
status=0
if [ -t 0 ] && [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
  terminal=$(stty -g)
  [ -n "$crash" ] || export MPG_SHOW=$load # mpgtop ends the show when its keys load the server
  bound "$bin/mpgtop" "${watched[@]}" <&0 &
elif [ -n "$crash" ]; then
  bound "$bin/mpgtop" -b "${watched[@]}" &
else
  bound "$bin/mpgtop" -b -n 10 -d 1 "$server" &
fi
top=$!
wait "$top" 2>/dev/null || status=$?
top=''
[ -z "$terminal" ] || [ "$status" -le 128 ] || tput rmcup || true # mpgtop was killed and could not restore the screen
if [ -n "$crash" ]; then
  echo "demo.sh: mpgtop ${watched[*]} opens it again, as long as no newer dead processes push it out"
elif ! kill -0 "$server" 2>/dev/null; then
  echo "demo.sh: the server ended by itself; it said:" >&2
  sed 's/^/  /' "$log" >&2
  [ "$status" -ne 0 ] || status=1
fi
exit "$status"
