// The process that the snippets of Inspector.docc look at: this program once more, as another process.
import Foundation
import Inspector
import MPG

enum Watched {
  static let name = "being-watched"

  /// Three goroutines wait on a channel that nobody closes, and the main one sleeps.
  static func run() {
    MPG.main(Options(procs: 2)) {
      let never = Channel<Void>()
      for _ in 1...3 { go { _ = never.receive() } }
      MPG.sleep(.seconds(3600))
    }
  }

  /// Starts the watched process, and returns when all its goroutines wait. The process ends when this one
  /// does, at the latest.
  static func start(_ variables: [String: String] = [:]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    process.arguments = ["setpriv", "--pdeathsig", "KILL", "--", own, name]
    process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
    try process.run()
    for _ in 1...4000 {
      let now = try? Inspector.attach(to: process.processIdentifier).snapshot()
      if let now, now.isConsistent, now.gs.waiting.values.reduce(0, +) == 4 { return process }
      usleep(5000)
    }
    throw NotWaiting()
  }

  private struct NotWaiting: Error {}
}
