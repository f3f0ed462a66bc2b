// The observer: starts the process that does the work, attaches to its region, and checks it until that process ends.
import Glibc
import Inspector

struct Observer {
  private let options: Options
  private let seed: UInt64

  init(_ options: Options, seed: UInt64) { (self.options, self.seed) = (options, seed) }

  func run() -> Never {
    say("mpg-soak: \(options.minutes) min, --seed \(seed), \(options.procs) procs")
    let pid = startSelf(options.arguments(seed: seed), seed: seed)
    let status = watch(pid)
    guard status & 0x7f == 0 else { violation("the work ended by signal \(status & 0x7f)", seed: seed) }
    exit((status >> 8) & 0xff)
  }

  /// Checks until the process has ended. Returns its wait status.
  private func watch(_ pid: pid_t) -> Int32 {
    do {
      let inspector = try attach(pid)
      var checks = Checks(procs: 2 * options.procs, patience: options.patience)
      let scan = try RunnableScan(inspector)
      var round = 0
      while true {
        if let status = ended(pid) {
          say(checks.summary)
          return status
        }
        try inspector.drain()
        try checks.look(at: inspector.snapshot())
        if round % 10 == 0 { try checks.look(at: scan.turns()) }
        if unsafe access(inspector.target.path, F_OK) != 0 {
          // A process that ends in order removes its file first. On a busy machine some time may pass until it is gone itself.
          if let status = hasEnded(pid, within: 30) {
            say(checks.summary)
            return status
          }
          stop(pid, "the region's file is gone, and its process is not", keep: options.keep, seed: seed)
        }
        if let found = checks.violation { stop(pid, found, keep: options.keep, seed: seed) }
        round += 1
        usleep(20_000)
      }
    } catch {
      if let status = ended(pid), status != 0 { return status }
      stop(pid, "the region cannot be read: \(error)", keep: options.keep, seed: seed)
    }
  }
}
