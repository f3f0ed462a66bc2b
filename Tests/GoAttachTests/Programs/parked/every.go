// What the runtime says of pcs all over the program.
package main

import (
	"bufio"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"unsafe"
)

func init() { http.HandleFunc("/debug/pprof/every", every) }

// every writes a line for each step-th byte of the program's text: the pc, and the line, file and name of the innermost
// function that a call returning there would be in.
func every(w http.ResponseWriter, r *http.Request) {
	step, err := strconv.Atoi(r.FormValue("step"))
	if err != nil || step < 1 {
		http.Error(w, "step=N", http.StatusBadRequest)
		return
	}
	// The text's bounds are two words of the module's data.
	module := (*[24]uintptr)(unsafe.Pointer(moduleAddress()))
	out := bufio.NewWriter(w)
	defer out.Flush()
	for pc := module[22]; pc < module[23]; pc += uintptr(step) {
		frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		fmt.Fprintf(out, "%x\t%d\t%s\t%s\n", pc, frame.Line, frame.File, frame.Function)
	}
}
