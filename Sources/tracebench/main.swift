// mpg-trace-bench: reads an execution trace of Go to its end and adds up the times of its Gs, through the library
// GoTrace (`make bench-trace`).
//
//     mpg-trace-bench FILE|FOLDER|-
//
// Prints how many events there are, and how long all Gs together were in each state, in nanoseconds. What is damaged is said
// on standard error. Exit codes: 0, 64 wrong command line, 66 the file cannot be read.
import Glibc
import GoTrace

/// Prints a line on standard error.
func say(_ problem: String) {
  let line = "mpg-trace-bench: \(problem)\n"
  _ = unsafe line.utf8CString.withUnsafeBytes {
    unsafe write(STDERR_FILENO, $0.baseAddress, line.utf8.count)
  }
}

/// Returns a reader of the trace that a word of the command line names.
func reader(_ word: String) throws(TraceError) -> TraceReader {
  if word == "-" { return try TraceReader(TraceInput(descriptor: STDIN_FILENO, name: "standard input")) }
  var status = stat()
  let isFolder = unsafe stat(word, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  return isFolder ? try TraceReader(folder: word) : try TraceReader(TraceInput(path: word))
}

guard CommandLine.arguments.count == 2 else {
  say("usage: mpg-trace-bench FILE|FOLDER|-")
  exit(64)
}
do throws(TraceError) {
  var reader = try reader(CommandLine.arguments[1])
  var totals = TraceTotals()
  var events: [TraceEvent] = []
  while try reader.next(into: &events) { totals.add(events, of: reader) }
  totals.finish()
  let times = totals.times
  print("events \(totals.events) generations \(reader.generations)")
  print(
    "runnable \(times.runnable) running \(times.running) syscall \(times.syscall) waiting \(times.waiting)")
  for sentence in reader.damage.sentences { say(sentence) }
} catch {
  say("\(error)")
  exit(66)
}
