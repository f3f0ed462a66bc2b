// mpg-go-bench: measures what it costs to read a Go program, through the library GoAttach (`make bench-go`).
//
//     mpg-go-bench PID
//
// Reads words from standard input, one a line, and does each once on that process: `attach`, `look`, `list`, `again`,
// `stacks`. Answers each with a line: nanoseconds of wall time, nanoseconds of this process's CPU time, and how many things
// were read. Exit codes: 0, 64 wrong command line, 71 the process cannot be read.
import Glibc
import GoAttach

/// Prints the problem and exits.
func fail(_ code: Int32, _ problem: String) -> Never {
  let line = "mpg-go-bench: \(problem)\n"
  _ = unsafe line.utf8CString.withUnsafeBytes {
    unsafe write(STDERR_FILENO, $0.baseAddress, line.utf8.count)
  }
  exit(code)
}

guard CommandLine.arguments.count == 2, let pid = Int32(CommandLine.arguments[1]) else {
  fail(64, "usage: mpg-go-bench PID, with what to do on standard input")
}

/// Reads one process in the ways that the words on standard input name, and measures each. Not thread-safe.
struct Bench {
  let pid: Int32
  private var source: GoSource?
  private var looks: FastReader?
  private var list: GoroutineReader?

  init(pid: Int32) { self.pid = pid }

  private func now(_ clock: clockid_t) -> Int {
    var now = timespec()
    unsafe clock_gettime(clock, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
  }

  /// Runs `body` `times` times. Prints how long one run took on average, by the clock and in CPU time, and what the
  /// last run returned.
  private func timed(_ times: Int = 1, _ body: () throws -> Int) rethrows {
    let (wall, cpu) = (now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID))
    var count = 0
    for _ in 0..<times { count = try body() }
    let used = now(CLOCK_PROCESS_CPUTIME_ID) - cpu
    print((now(CLOCK_MONOTONIC) - wall) / times, used / times, count)
    fflush(nil)
  }

  /// Does what the word says; false: no such word.
  mutating func perform(_ word: String) throws -> Bool {
    switch word {
    case "attach": try timed { Int(try GoProgram(pid: pid).pid) }
    case "look":
      var reader = try looks ?? FastReader(GoProgram(pid: pid))
      try reader.read()
      try timed(1000) {
        try reader.read()
        return reader.look.ps.count
      }
      looks = reader
    // All Gs for the first time: their addresses and where they were created are not known yet.
    case "list":
      let program = try GoProgram(pid: pid)
      var reader = GoroutineReader(program.memory, program.layout, program.variables) {
        program.tables.isSystem(start: $0)
      }
      try timed { try Self.count(&reader, program) }
      (list, source) = (reader, try source ?? GoSource(pid: pid))
    case "again":
      guard var reader = list, let program = source?.program else { return false }
      list = nil
      try timed { try Self.count(&reader, program) }
      list = reader
    case "stacks":
      let source = try source ?? GoSource(pid: pid)
      try timed {
        let (goroutines, stacks) = try source.stacks()
        var cache = GoFrameCache(source.program.tables)
        return cache.groupedByStack(goroutines, in: stacks).reduce(0) { $0 + $1.members.count }
      }
      self.source = source
    default: return false
    }
    return true
  }

  /// Reads all Gs, and counts them by state and by the words for why they wait.
  private static func count(_ reader: inout GoroutineReader, _ program: GoProgram) throws -> Int {
    try reader.read(at: 1)
    return Census(reader.gs, program.reasons).words.values.reduce(0, +)
  }
}

var bench = Bench(pid: pid)
while let word = readLine() {
  do {
    guard try bench.perform(word) else { fail(64, "there is no measure \(word)") }
  } catch {
    fail(71, "process \(pid): \(error)")
  }
}
