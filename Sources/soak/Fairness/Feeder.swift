// Pipes into the process that is watched: the feeder writes at random moments, and sees from outside, by what still lies in
// the pipe, how long it took until somebody read it.
import CSoak
import Glibc

struct Feeder {
  /// What was written and had not been read when it was last looked at.
  struct Waiting {
    let since: UInt64
    /// Up to here it certainly lay there.
    let until: UInt64
  }

  private struct Pipe {
    let input: Int32
    let output: Int32
    /// When to write next; of what was written: when that was, and when it was last seen.
    var next: UInt64 = 0
    var written: UInt64?
    var seen: UInt64 = 0
  }

  private var pipes: [Pipe] = []
  private var chance: Chance

  /// - Parameter count: pipes, whose reading ends are there for a child to inherit.
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

  /// Writes where it is time to, and tells each wait that has ended: since when, and how long at least.
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

  /// What lies there now.
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
