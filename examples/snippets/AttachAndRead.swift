// The blocks of the page "Attach and read a snapshot".
import Foundation
// snippet.attach
import Inspector

// snippet.hide
enum AttachAndRead {
  static let snippets: [String: @Sendable () throws -> Void] = [
    "attach": attach, "targets": targets, "notATarget": notATarget,
  ]

  static func attach() throws {
    let process = try Watched.start()
    defer { process.terminate() }
    let pid = process.processIdentifier
    // snippet.show
    let inspector = try Inspector.attach(to: pid)
    let now = try inspector.snapshot()
    print("\(now.gs.live) goroutines on \(now.procs) Ps")
    print("\(now.gs.running) run, \(now.gs.runnable) are ready, GRQ \(now.grq.map { "\($0)" } ?? "-")")
    for (reason, count) in now.gs.waiting.sorted(by: { $0.value > $1.value }) where count > 0 {
      print("\(count) wait for \(reason)")
    }
    // snippet.end
  }

  static func targets() throws {
    let process = try Watched.start()
    defer { process.terminate() }
    let pid = process.processIdentifier
    // snippet.targets
    for target in RegionFolders.standard.targets() where target.process.pid == pid {
      print(target.name, target.isLive ? "can be followed" : "has ended")
    }
    // snippet.end
  }

  static func notATarget() {
    // snippet.notATarget
    do {
      _ = try Inspector.attach(to: Int32.max)
    } catch {
      print(error)
    }
    // snippet.end
  }
}
