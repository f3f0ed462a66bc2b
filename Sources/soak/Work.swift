// The process that does the work: its Gs repeat one activity each until the time is over. Then it checks that nothing is left.
import Glibc
import MPG
import Net
import Synchronization

/// One kind of work. Gs repeat it, and each time the work checks its own outcome.
struct Activity: Sendable {
  let name: String
  /// How many Gs do the activity at the same time.
  var workers = 2
  let run: @Sendable (inout Chance, Bench) throws -> Void
}

/// The things that all activities share: the seed, an echo server and a file.
final class Bench: Sendable {
  let seed: UInt64
  let echo: EchoServer
  /// A file, and the sum of its bytes.
  let file: (path: String, sum: Int)

  init(seed: UInt64) throws {
    self.seed = seed
    echo = try EchoServer()
    let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(seed & 0xff)) }
    let path = "/tmp/mpg-soak-\(getpid())"
    file = (path, bytes.reduce(0) { $0 + Int($1) })
    let fd = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0, unsafe write(fd, bytes, bytes.count) == bytes.count else {
      violation("cannot write \(path)", seed: seed)
    }
    close(fd)
  }

  func check(_ holds: Bool, _ otherwise: @autoclosure () -> String) {
    if !holds { violation(otherwise(), seed: seed) }
  }
}

/// Counts how often one activity was done.
final class Tally: Sendable {
  private let count = Atomic(0)
  var value: Int { count.load(ordering: .relaxed) }
  func add() { count.wrappingAdd(1, ordering: .relaxed) }
}

struct Work {
  private let options: Options
  private let seed: UInt64

  init(_ options: Options, seed: UInt64) { (self.options, self.seed) = (options, seed) }

  func run() -> Never {
    let (options, seed) = (options, seed)
    signal(SIGPIPE, SIG_IGN)
    var runtime = MPG.Options(procs: options.procs, preemption: !options.cooperative)
    if options.mode == .preemption { runtime.slice = .microseconds(100) }
    MPG.main(runtime) {
      // The first call may open descriptors that stay open. They must not count as left behind by the work.
      _ = descriptors()
      let before = (live: statistics().live, descriptors: descriptors())
      if options.mode == .reader {
        try Reader(options, seed: seed).work()
      } else {
        try Shift(options, seed: seed).work()
      }
      settle(before, seed: seed)
    }
  }
}

/// One run of all activities, from start to end.
private final class Shift: Sendable {
  private let options: Options
  private let bench: Bench
  private let stop = Atomic(false)
  private let activities: [Activity]
  private let tallies: [Tally]
  private let all = WaitGroup()

  init(_ options: Options, seed: UInt64) throws {
    self.options = options
    activities = usualActivities + (options.mode == .fork ? [starting] : [])
    tallies = activities.map { _ in Tally() }
    bench = try Bench(seed: seed)
  }

  func work() throws {
    var chance = Chance(seed: bench.seed)
    for (index, activity) in activities.enumerated() {
      for _ in 0..<activity.workers {
        all.add()
        let own = chance.split()
        go {
          try self.repeat(activity, self.tallies[index], own)
          self.all.done()
        }
      }
    }
    if options.mode == .procs {
      all.add()
      go { self.changeProcsAllTheTime() }
    }
    oversee()
    stop.store(true, ordering: .relaxed)
    all.wait()
    bench.echo.close()
    unsafe _ = unlink(bench.file.path)
    report()
  }

  private func `repeat`(_ activity: Activity, _ tally: Tally, _ chance: Chance) throws {
    var chance = chance
    while !stop.load(ordering: .relaxed) {
      try activity.run(&chance, bench)
      tally.add()
    }
  }

  /// Waits until the time is over. Meanwhile it changes the number of Ps, and checks that every activity goes on and that
  /// memory does not grow.
  private func oversee() {
    let end = monotonicNanoseconds() + UInt64(options.minutes * 60e9)
    var seen = tallies.map { (count: $0.value, time: monotonicNanoseconds()) }
    let start = monotonicNanoseconds()
    var early = 0
    var chance = Chance(seed: seed &+ 1)
    while case let now = monotonicNanoseconds(), now < end {
      MPG.sleep(.milliseconds(500))
      changeProcs(&chance)
      for (index, tally) in tallies.enumerated() {
        if tally.value != seen[index].count { seen[index] = (tally.value, now) }
        let still = (now - min(now, seen[index].time)) / 1_000_000_000
        bench.check(
          still < UInt64(2 * options.patience), "\(activities[index].name) stands still for \(still) s")
      }
      // The memory that the work needs is the most that it took in the first third of the time.
      if now - start < (end - start) / 3 { early = max(early, residentKiB()) }
    }
    let late = residentKiB()
    bench.check(late <= early + (256 << 10), "memory grew from \(early) KiB at most to \(late) KiB")
    say("mpg-soak: memory: at most \(early) KiB in the first third, \(late) KiB at the end of the work")
  }

  /// Sets another number of Ps, from 1 to twice the usual, in one of ten calls: about one change in five seconds.
  private func changeProcs(_ chance: inout Chance) {
    guard chance.once(in: 10) else { return }
    MPG.setProcs(chance.number(in: 1...2 * options.procs))
  }

  private func changeProcsAllTheTime() {
    var chance = Chance(seed: bench.seed &+ 2)
    while !stop.load(ordering: .relaxed) {
      MPG.sleep(.milliseconds(chance.number(in: 0...20)))
      MPG.setProcs(chance.number(in: 1...2 * options.procs))
    }
    all.done()
  }

  private func report() {
    for (index, activity) in activities.enumerated() {
      say("mpg-soak: \(tallies[index].value) \(activity.name)")
    }
    let total = statistics()
    say(
      "mpg-soak: \(total.created) Gs, \(total.switches) switches, \(total.steals) steals, \(total.threads) threads"
    )
  }
}

/// Waits until there are no more Gs and descriptors than before the work; when that takes too long, it is a violation.
private func settle(_ before: (live: Int, descriptors: Int), seed: UInt64) {
  for _ in 0..<3000 {
    if statistics().live <= before.live, descriptors() <= before.descriptors {
      return say(
        "mpg-soak: all joined: \(before.live) G and \(before.descriptors) descriptors, as at the start")
    }
    MPG.sleep(.milliseconds(10))
  }
  violation(
    "\(statistics().live) Gs and \(descriptors()) descriptors are left, of \(before.live) and \(before.descriptors)",
    seed: seed)
}

private func descriptors() -> Int {
  blocking {
    guard let folder = unsafe opendir("/proc/self/fd") else { return -1 }
    defer { unsafe closedir(folder) }
    var count = 0
    while unsafe readdir(folder) != nil { count += 1 }
    return count
  }
}

private func residentKiB() -> Int {
  let text = (try? File.read("/proc/self/statm")).map { String(decoding: $0, as: UTF8.self) } ?? ""
  let fields = text.split(separator: " ")
  return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4 : 0
}
