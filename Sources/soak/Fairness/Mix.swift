// The process that does the work of the mix: one phase after the other, until the time is over. Each G measures its own
// lateness. The Go program measures in the same way, so these numbers can be compared. Whether a bound was kept is not
// judged here but by the watcher, from the events (Watcher.swift).
import CSoak
import Glibc
import MPG
import Synchronization

struct Mix {
  private let options: FairnessOptions
  private let seed: UInt64

  init(_ options: FairnessOptions, seed: UInt64) { (self.options, self.seed) = (options, seed) }

  func run() -> Never {
    let (options, seed, procs) = (options, seed, options.procs.all[0])
    // A copy of stdout for the report. The Gs print to /dev/null: only the printing matters, not the text.
    let report = dup(1)
    let nowhere = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard report >= 0, nowhere >= 0, dup2(nowhere, 1) == 1 else {
      violation("cannot redirect the output: errno \(errno)", seed: seed)
    }
    MPG.main(MPG.Options(procs: procs, preemption: !options.cooperative)) {
      // The watcher writes its first byte when it watches. Only then do Gs start, so the watcher sees the beginning of
      // each.
      if let first = options.pipes.all.first { awaitByte(from: Int32(first)) }
      let lateness = Kind.allCases.map { _ in Lateness() }
      for fd in options.pipes.all { go(function: Kind.pipe.entry) { try readPipe(Int32(fd)) } }
      var chance = Chance(seed: seed &+ UInt64(procs))
      let end = monotonicNanoseconds() + UInt64(options.minutes * 60e9)
      while monotonicNanoseconds() < end {
        Stage(Phase(&chance, only: options.only), nowhere, lateness).play()
      }
      guard options.alone else { return }
      for kind in Kind.allCases { lateness[kind.rawValue].report(kind, procs, to: report) }
    }
  }
}

/// The lateness of all Gs of one kind, together.
///
/// Safe because: `all` is touched only under the lock.
final class Lateness: @unchecked Sendable {
  private let lock = MPG.Mutex()
  private var all = Spread()

  func add(_ one: Spread) { lock.withLock { all.add(one) } }

  /// Prints lines in the form of mpg-bench: `fair-sleep.max/P2 12.34 ms`.
  func report(_ kind: Kind, _ procs: Int, to fd: Int32) {
    let all = lock.withLock { self.all }
    guard all.count > 0 else { return }
    let values = [
      ("p50", all.percentile(50)), ("p99", all.percentile(99)), ("max", all.longest),
    ]
    for (name, value) in values { say("fair-\(kind).\(name)/P\(procs) \(milliseconds(value)) ms", to: fd) }
    say("fair-\(kind).count/P\(procs) \(all.count) waits", to: fd)
  }
}

/// A time in milliseconds, with three decimals, from nanoseconds.
func milliseconds(_ nanoseconds: UInt64) -> String {
  let (whole, rest) = (nanoseconds / 1_000_000, nanoseconds / 1000 % 1000)
  return "\(whole)." + String(repeating: "0", count: 3 - "\(rest)".count) + "\(rest)"
}

/// Runs one phase: starts its Gs, and waits until the last has ended.
private final class Stage: Sendable {
  private let phase: Phase
  private let nowhere: Int32
  private let lateness: [Lateness]
  private let isOver = Atomic(false)
  private let all = WaitGroup()
  private let mutex = MPG.Mutex()
  private let pieces = Pieces()

  init(_ phase: Phase, _ nowhere: Int32, _ lateness: [Lateness]) {
    (self.phase, self.nowhere, self.lateness) = (phase, nowhere, lateness)
  }

  func play() {
    for share in phase.shares {
      for _ in 0..<share.gs { start(share) }
    }
    MPG.sleep(.milliseconds(phase.milliseconds))
    isOver.store(true, ordering: .relaxed)
    all.wait()
  }

  private func start(_ share: Share) {
    let us = share.microseconds
    switch share.kind {
    case .compute: spawn(share.kind) { self.compute(&$0) }
    case .yield: repeating(share.kind, computing: us) { MPG.yield() }
    case .call: repeating(share.kind, computing: us) { [nowhere] in blocking { writeByte(to: nowhere) } }
    case .longCall: repeating(share.kind, lasting: us) { blocking { _ = usleep(UInt32(us)) } }
    case .handOver: handOver(us)
    case .print: repeating(share.kind, computing: us) { print("a line of text") }
    case .allocate: repeating(share.kind, computing: us) { [pieces] in pieces.swap(8) }
    case .lock: spawn(share.kind) { self.lock(us, &$0) }
    case .sleep: repeating(share.kind, lasting: us) { MPG.sleep(.microseconds(us)) }
    case .timer: spawn(share.kind) { try self.awaitTimers(us, &$0) }
    case .socket: talk(us)
    case .pipe: break
    }
  }

  /// Starts a G that repeats `body` until the phase is over. The waits that `body` measured are then added to
  /// those of `kind`. The G runs `body` at least once, because a partner may wait for what `body` does.
  private func spawn(_ kind: Kind, _ body: @escaping @Sendable (inout Spread) throws -> Void) {
    all.add()
    go(function: kind.entry) { [self] in
      var mine = Spread()
      repeat { try body(&mine) } while !isOver.load(ordering: .relaxed)
      lateness[kind.rawValue].add(mine)
      all.done()
    }
  }

  /// Starts a G that again and again computes, then does something that should take no time. How long that took counts
  /// as lateness.
  private func repeating(
    _ kind: Kind, computing microseconds: Int, _ body: @escaping @Sendable () -> Void
  ) {
    spawn(kind) { mine in
      spin(microseconds)
      let start = monotonicNanoseconds()
      body()
      mine.add(monotonicNanoseconds() - start)
    }
  }

  /// Starts a G that repeats something that should take exactly this many microseconds. The time beyond counts
  /// as lateness.
  private func repeating(_ kind: Kind, lasting microseconds: Int, _ body: @escaping @Sendable () -> Void) {
    spawn(kind) { mine in
      let due = monotonicNanoseconds() + UInt64(microseconds) * 1000
      body()
      mine.addLateness(since: due)
    }
  }

  /// Computes and looks at the clock in turns. A gap of more than a fifth of a millisecond is a time in which the G did not run.
  private func compute(_ mine: inout Spread) {
    var last = monotonicNanoseconds()
    while !isOver.load(ordering: .relaxed) {
      _ = work(rounds: 5000)
      let now = monotonicNanoseconds()
      if now - last > 200_000 { mine.add(now - last) }
      last = now
    }
  }

  private func lock(_ microseconds: Int, _ mine: inout Spread) {
    let start = monotonicNanoseconds()
    mutex.lock()
    mine.add(monotonicNanoseconds() - start)
    spin(microseconds)
    mutex.unlock()
    spin(2 * microseconds)
  }

  /// Two Gs that hand a value to and fro. The value is the moment at which it was sent.
  private func handOver(_ microseconds: Int) {
    let (there, back) = (Channel<UInt64>(), Channel<UInt64>())
    spawn(.handOver) { [self] mine in
      defer { there.close() }
      while !isOver.load(ordering: .relaxed) {
        there.send(monotonicNanoseconds())
        mine.addLateness(since: back.receive() ?? .max)
        spin(microseconds)
      }
    }
    spawn(.handOver) { mine in
      for sent in there {
        mine.addLateness(since: sent)
        spin(microseconds)
        back.send(monotonicNanoseconds())
      }
    }
  }

  private func awaitTimers(_ microseconds: Int, _ mine: inout Spread) throws {
    let fd = csoak_timer()
    guard fd >= 0 else { throw NoDescriptor(errno: errno) }
    defer { close(fd) }
    let poll = try Pollable(fd: fd)
    defer { poll.close() }
    while !isOver.load(ordering: .relaxed) {
      let due = monotonicNanoseconds() + UInt64(microseconds) * 1000
      guard csoak_timer_set(fd, Int64(microseconds) * 1000) else { throw NoDescriptor(errno: errno) }
      _ = try readMoment(poll)
      mine.addLateness(since: due)
    }
  }

  /// Two Gs and a pair of sockets: one writes the moment of writing, the other reads it.
  private func talk(_ microseconds: Int) {
    var ends: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return }
    let (here, there) = (ends[0], ends[1])
    spawn(.socket) { [self] _ in
      defer { close(here) }
      while !isOver.load(ordering: .relaxed) {
        // This write never waits: the socket's buffer always has room for eight bytes.
        var now = monotonicNanoseconds()
        unsafe _ = write(here, &now, 8)
        MPG.sleep(.microseconds(microseconds))
      }
    }
    spawn(.socket) { mine in
      defer { close(there) }
      let poll = try Pollable(fd: there)
      defer { poll.close() }
      while let sent = try readMoment(poll) { mine.addLateness(since: sent) }
    }
  }
}

/// Reads the bytes that the watcher writes. When the watcher is gone, ends the process, since its work is of no use any more.
private func readPipe(_ fd: Int32) throws {
  _ = fcntl(fd, F_SETFL, O_NONBLOCK)
  let poll = try Pollable(fd: fd)
  while try readMoment(poll) != nil {}
  exit(3)
}

/// The next eight bytes of a descriptor; nil at its end.
private func readMoment(_ poll: Pollable) throws -> UInt64? {
  var moment: UInt64 = 0
  while true {
    let count = unsafe read(poll.fd, &moment, 8)
    if count > 0 { return moment }
    if count == 0 { return nil }
    guard errno == EAGAIN || errno == EINTR else { throw NoDescriptor(errno: errno) }
    try poll.wait(.read)
  }
}

private struct NoDescriptor: Error { let errno: Int32 }

extension Spread {
  /// Adds the time since `moment`; nothing when `moment` is still to come.
  fileprivate mutating func addLateness(since moment: UInt64) {
    let now = monotonicNanoseconds()
    if now > moment { add(now - moment) }
  }
}

/// Pieces of memory that Gs exchange for new ones. So a piece is mostly freed by another G than the one that allocated it, and
/// often by another thread.
private final class Pieces: Sendable {
  private let slots = (0..<64).map { _ in Slot() }
  private final class Slot: Sendable { let address = Atomic<UInt>(0) }

  deinit {
    for slot in slots {
      unsafe free(UnsafeMutableRawPointer(bitPattern: slot.address.load(ordering: .relaxed)))
    }
  }

  func swap(_ count: Int) {
    for _ in 0..<count {
      let size = Int.random(in: 1100...60_000)
      guard let piece = unsafe malloc(size) else { return }
      unsafe memset(piece, 1, 64)
      let old = slots[Int.random(in: 0..<64)].address.exchange(
        UInt(bitPattern: piece), ordering: .acquiringAndReleasing)
      unsafe free(UnsafeMutableRawPointer(bitPattern: old))
    }
  }
}

private func awaitByte(from fd: Int32) {
  var moment: UInt64 = 0
  blocking { unsafe _ = read(fd, &moment, 8) }
}

private func writeByte(to fd: Int32) {
  var byte: UInt8 = 0
  unsafe _ = write(fd, &byte, 1)
}

/// Computes for this many microseconds by the clock.
private func spin(_ microseconds: Int) {
  let end = monotonicNanoseconds() + UInt64(microseconds) * 1000
  while monotonicNanoseconds() < end { _ = work(rounds: 100) }
}

@inline(never)
private func work(rounds: Int) -> UInt64 {
  var x: UInt64 = 1
  for _ in 0..<rounds { x = x &* 6_364_136_223_846_793_005 &+ 1 }
  return x
}
