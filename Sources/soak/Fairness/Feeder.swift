// Pipes into the watched process. The feeder writes at random moments, and looks how long the bytes lie in the pipe: so it
// sees from outside how long a G took to read them.
import CSoak
import Glibc

struct Feeder {
  /// Bytes that wait, or have waited, in a pipe.
  struct Waiting {
    let since: UInt64
    /// The last moment at which the bytes were seen in the pipe.
    let until: UInt64
  }

  private struct Pipe {
    let input: Int32
    let output: Int32
    /// The moment at which to write next.
    var next: UInt64 = 0
    /// The moment at which the bytes in the pipe were written; nil: there are none.
    var written: UInt64?
    /// The moment at which the bytes were last seen in the pipe.
    var seen: UInt64 = 0
  }

  private var pipes: [Pipe] = []
  private var chance: Chance

  /// - Parameter count: number of pipes. A child process inherits their reading ends.
  init(_ count: Int, seed: UInt64) {
    chance = Chance(seed: seed)
    for _ in 0..<count {
      var ends: [Int32] = [0, 0]
      guard unsafe pipe(&ends) == 0 else { violation("no pipe: errno \(errno)", seed: seed) }
      _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
      pipes.append(Pipe(input: ends[1], output: ends[0]))
    }
  }

  var readingEnds: [Int32] { pipes.map(\.output) }

  /// Writes to pipes whose time has come. Calls `tell` for each pipe whose bytes were read since the last look: with the
  /// moment at which they were written, and the last moment at which they were seen in the pipe.
  mutating func look(_ now: UInt64, _ tell: (Waiting) -> Void) {
    for index in pipes.indices {
      if let written = pipes[index].written {
        if csoak_waiting_bytes(pipes[index].output) > 0 {
          pipes[index].seen = now
        } else {
          tell(Waiting(since: written, until: max(written, pipes[index].seen)))
          pipes[index].written = nil
          pipes[index].next = now + UInt64(chance.number(in: 100...25_000)) * 1000
        }
      } else if now >= pipes[index].next {
        var moment = now
        unsafe _ = write(pipes[index].input, &moment, 8)
        (pipes[index].written, pipes[index].seen) = (now, now)
      }
    }
  }

  /// The bytes that lie in pipes now.
  var waiting: [Waiting] {
    pipes.compactMap { pipe in pipe.written.map { Waiting(since: $0, until: pipe.seen) } }
  }

  func close() {
    for pipe in pipes {
      Glibc.close(pipe.input)
      Glibc.close(pipe.output)
    }
  }
}
