// Reads a trace by Go's own reader and does nothing with it but count events: what the reading alone costs Go. It is compiled as
// a package of the toolchain, like truth.
//
//	bare FILE
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"internal/trace"
)

func main() {
	file, err := os.Open(os.Args[1])
	check(err)
	reader, err := trace.NewReader(bufio.NewReader(file))
	check(err)
	events := 0
	for {
		event, err := reader.ReadEvent()
		if err == io.EOF {
			break
		}
		check(err)
		if event.Kind() != trace.EventSync {
			events++
		}
	}
	fmt.Println("events", events)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}
