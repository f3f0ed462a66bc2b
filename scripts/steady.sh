#!/usr/bin/env bash
# Checks that a server under load does not grow: floods a demo server and samples its memory, descriptors and threads.
#
#   steady.sh BIN_FOLDER [MINUTES [SECONDS_BETWEEN_SAMPLES]]
#
# Prints the medians of the first and of the last quarter of the samples. Exit code 1 when one has grown by more than 5 %. In
# the first minute (or the first fifth, if that is less) no samples are taken, since the server first takes what it needs.
# Small numbers may grow by more: descriptors by 64, threads by 2, memory by 512 KiB. All samples are written to
# BIN_FOLDER/steady.csv.
set -euo pipefail
bin=${1:?usage: steady.sh BIN_FOLDER [MINUTES [SECONDS]]}
minutes=${2:-60}
every=${3:-2}
here=$(cd "$(dirname "$0")" && pwd)
log=$bin/steady.csv

port=$((20000 + RANDOM % 10000))
setpriv --pdeathsig TERM -- "$bin/mpg-demo" --port "$port" >"$bin/steady.out" 2>&1 &
server=$!
setpriv --pdeathsig TERM -- "$here/flood.sh" "http://127.0.0.1:$port" >/dev/null 2>&1 &
flood=$!
trap 'kill $flood $server 2>/dev/null; wait 2>/dev/null' EXIT
trap 'exit 130' INT TERM HUP

for _ in {1..100}; do
  curl -s -o /dev/null --max-time 1 "http://127.0.0.1:$port/" && break
  kill -0 "$server" 2>/dev/null || { cat "$bin/steady.out" >&2 && exit 1; }
  sleep 0.1
done
region=''
for file in "${XDG_RUNTIME_DIR:-/nowhere}/mpg/$server"-*.mpg "/dev/shm/mpg-$(id -u)/$server"-*.mpg; do
  [ ! -e "$file" ] || region=$file
done
[ -n "$region" ] || { echo "steady.sh: the server has no region" >&2 && exit 1; }

# Prints one sample: anonymous and program memory, page tables and the region's blocks, each in KiB; descriptors; threads.
sample() {
  awk -v blocks="$(stat -c %b "$region")" -v fds="$(find "/proc/$server/fd" -mindepth 1 2>/dev/null | wc -l)" '
    /^RssAnon:|^RssFile:/ { rss += $2 }
    /^VmPTE:/ { tables = $2 }
    /^Threads:/ { threads = $2 }
    END { printf "%d,%d,%d,%d,%d\n", rss, tables, blocks / 2, fds, threads }' "/proc/$server/status"
}

seconds=$((minutes * 60))
settle=$((seconds / 5 < 60 ? seconds / 5 : 60))
echo "mixed load on port $port for $minutes min, a sample every $every s after the first $settle s"
sleep "$settle"
echo "seconds,rss_kib,page_tables_kib,region_kib,fds,threads" >"$log"
start=$SECONDS
while ((SECONDS - start < seconds - settle)); do
  kill -0 "$server" 2>/dev/null || { echo "steady.sh: the server has ended:" >&2 && cat "$bin/steady.out" >&2 && exit 1; }
  echo "$((SECONDS - start)),$(sample)" >>"$log"
  sleep "$every"
done
curl -s --max-time 10 "http://127.0.0.1:$port/stats" | grep -E '^(requests|gs_created|connections_accepted|accept_exhaustions) '

awk -F, '
  function median(column, from, to,   n, i, j, v, swap) {
    n = 0
    for (i = from; i < to; i++) v[n++] = cell[i, column]
    for (i = 1; i < n; i++) for (j = i; j > 0 && v[j] < v[j - 1]; j--) { swap = v[j]; v[j] = v[j - 1]; v[j - 1] = swap }
    return n % 2 ? v[(n - 1) / 2] : (v[n / 2 - 1] + v[n / 2]) / 2
  }
  NR == 1 { for (i = 2; i <= NF; i++) name[i] = $i; columns = NF; next }
  { for (i = 2; i <= NF; i++) cell[rows, i] = $i; rows++ }
  END {
    if (rows < 8) { print "steady.sh: too few samples"; exit 1 }
    quarter = int(rows / 4)
    printf "%d samples\n%-16s %12s %12s %8s\n", rows, "median of", "first 1/4", "last 1/4", "grown"
    for (i = 2; i <= columns; i++) {
      a = median(i, 0, quarter); b = median(i, rows - quarter, rows)
      slack = name[i] == "fds" ? 64 : name[i] == "threads" ? 2 : 512
      bad = b > a * 1.05 && b > a + slack
      printf "%-16s %12d %12d %7.1f%% %s\n", name[i], a, b, a ? 100 * (b - a) / a : 0, bad ? "GROWS" : ""
      if (bad) failed = 1
    }
    exit failed
  }' "$log"
