// The blocks of the page "What a source can tell".
import Foundation
import Inspector

enum Sources {
  static let snippets: [String: @Sendable () throws -> Void] = ["gaugesAlone": gaugesAlone]

  static func gaugesAlone() throws {
    let process = try Watched.start(["MPG_TRACE": "0"])
    defer { process.terminate() }
    let inspector = try Inspector.attach(to: process.processIdentifier)
    // snippet.gaugesAlone
    var sampler = Sampler(inspector, history: HistoryLimits(bytes: 16_000_000))
    _ = try sampler.step()
    try sampler.finish()

    print("\(try sampler.frame().snapshot.gs.live) goroutines")
    if let player = try sampler.player() {
      print(player.hasEvents ? "events to step over" : "no events: gauges alone")
    }
    // snippet.end
  }
}
