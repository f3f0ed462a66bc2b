// What each scene works with: the door at which the main G waits, marks in the events, and numbers that Gs share.

import Glibc
import MPG
import Synchronization

/// What a scene works with: its input, its marks, and the number of Ps.
struct Cast {
  let door: Door
  let marks: Marks
  /// How many Ps there are.
  let procs: Int
}

/// The standard input, at which the main G parks until a line comes that lets it go on.
struct Door {
  private let pollable: Pollable?

  init() throws {
    let flags = fcntl(0, F_GETFL)
    // Other programs share a terminal. `O_NONBLOCK` would hold for their reads as well, and they do not
    // expect it. So on a terminal `wait` blocks the thread.
    guard isatty(0) == 0, flags >= 0, fcntl(0, F_SETFL, flags | O_NONBLOCK) == 0 else {
      pollable = nil
      return
    }
    pollable = try? Pollable(fd: 0)
  }

  /// Waits for the next line. If the input has ended, ends the process.
  func wait() {
    var byte: UInt8 = 0
    while true {
      let got = unsafe pollable == nil ? blocking { unsafe read(0, &byte, 1) } : read(0, &byte, 1)
      if got == 1, byte == 10 { return }
      if got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) { exit(0) }
      if got < 0, errno == EAGAIN { try? pollable?.wait(.read) }
    }
  }
}

/// Marks at points of a scene. Each is written into the events as a span with the mark's name, which ends at
/// once.
struct Marks {
  private let labels: [SpanLabel]

  /// The points, in the order in which scenes come to them. Module Lessons has the same names.
  private enum Name: String, CaseIterable {
    case begin, ready, next, done
  }

  init() { labels = Name.allCases.map { SpanLabel("lesson: \($0.rawValue)") } }

  private func set(_ name: Name) { withSpan(labels[Name.allCases.firstIndex(of: name) ?? 0]) {} }

  /// The scene begins.
  func begin() { set(.begin) }
  /// The situation that the question describes has come about.
  func ready() { set(.ready) }
  /// The first part of what follows `ready` is over.
  func next() { set(.next) }
  /// What the question is about has happened.
  func done() { set(.done) }
}

/// A number that Gs share. Thread-safe.
final class Count: Sendable {
  private let number = Atomic<Int>(0)
  var value: Int { number.load(ordering: .acquiring) }
  func add() { number.wrappingAdd(1, ordering: .acquiringAndReleasing) }
}

/// A pipe whose ends are descriptors.
struct Pipe {
  let reading: Int32
  let writing: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { fatalError("pipe: errno \(errno)") }
    (reading, writing) = (ends[0], ends[1])
  }

  /// Reads a byte, and blocks the thread until there is one.
  func take() {
    var byte: UInt8 = 0
    _ = unsafe read(reading, &byte, 1)
  }

  func put() {
    var byte: UInt8 = 1
    _ = unsafe write(writing, &byte, 1)
  }
}

/// The CPU time of the calling thread, in nanoseconds.
func cpuTime() -> UInt64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// Computes until the thread has used this much more CPU time. It never enters the runtime.
@inline(never)
func compute(milliseconds: UInt64) {
  let end = cpuTime() + milliseconds * 1_000_000
  while cpuTime() < end {}
}
