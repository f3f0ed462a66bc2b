// Uses the Inspector as a library, in fifty lines. Looks at a process for three seconds and prints a line
// each second. Then goes back to the moment at which the most Gs were runnable, and says what each P had just
// done.
//
//     inspector-example PID
import Foundation
import Inspector

/// A fact that the source does not know is nil: here it is a dash, and never 0.
func text(_ fact: (some BinaryInteger)?) -> String { fact.map { "\($0)" } ?? "-" }

guard CommandLine.arguments.count == 2, let pid = Int32(CommandLine.arguments[1]) else {
  print("usage: inspector-example PID")
  exit(64)
}
do {
  let inspector = try Inspector.attach(to: pid)
  // A sampler drains the rings often enough that no event is lost, and keeps what it saw.
  var sampler = Sampler(inspector, history: HistoryLimits(bytes: 64_000_000))
  let start = Date()
  var nextLine = 0.0
  while Date().timeIntervalSince(start) < 3, sampler.ending == nil {
    let pause = try sampler.step()
    if Date().timeIntervalSince(start) >= nextLine {
      nextLine += 1
      let now = try sampler.frame().snapshot
      print(
        "\(now.gs.live) Gs live, \(now.gs.running) running, \(now.gs.runnable) runnable, GRQ \(text(now.grq)),",
        "LRQs \(now.ps.compactMap(\.lrq)), \(text(now.switches)) switches, \(text(now.trace.lost)) events lost"
      )
    }
    usleep(UInt32(pause / 1000))
  }
  try sampler.finish()

  guard let history = sampler.history, var player = Player(history) else { exit(0) }
  // The gauges of any moment follow from a keyframe and the events after it.
  var busiest = (time: player.firstTime, runnable: -1)
  for tenth in 0...100 {
    player.seek(to: player.firstTime + (player.lastTime - player.firstTime) / 100 * UInt64(tenth))
    let runnable = player.snapshot.gs.runnable
    if runnable > busiest.runnable { busiest = (player.time, runnable) }
  }
  player.seek(to: busiest.time)
  print("\(history.records) events; the most that were runnable: \(busiest.runnable)")
  for (lane, events) in player.lastEvents(ofEachLane: 3).sorted(by: { "\($0.key)" < "\($1.key)" }) {
    print("  \(lane): \(events.map(\.text).joined(separator: "; "))")
  }
} catch {
  FileHandle.standardError.write(Data("inspector-example: \(error)\n".utf8))
  exit(1)
}
