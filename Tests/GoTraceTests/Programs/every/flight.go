//go:build go1.25

// Snapshots of a flight recorder, which begin in the middle of everything.
package main

import (
	"fmt"
	"os"
	"runtime/trace"
	"time"
)

// flight writes three snapshots into a folder, of which the later two overlap, while garbage is being collected.
func flight(folder string) {
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: 5 * time.Millisecond, MaxBytes: 1 << 20})
	check(recorder.Start())
	for i := 0; i < 3; i++ {
		channels()
		done := make(chan bool)
		go func() {
			collect()
			close(done)
		}()
		time.Sleep(2 * time.Millisecond)
		file, err := os.Create(fmt.Sprintf("%s/snapshot-%d.trace", folder, i))
		check(err)
		_, err = recorder.WriteTo(file)
		check(err)
		check(file.Close())
		<-done
	}
	recorder.Stop()
}
