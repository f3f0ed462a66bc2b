// The blocks of the page "Look back".
import Foundation
import Inspector

enum LookBack {
  static let snippets: [String: @Sendable () throws -> Void] = [
    "history": history, "recording": recording, "blackBox": blackBox,
  ]

  static func history() throws {
    let process = try Watched.start()
    defer { process.terminate() }
    let inspector = try Inspector.attach(to: process.processIdentifier)
    // snippet.history
    var sampler = Sampler(inspector, history: HistoryLimits(bytes: 16_000_000))
    let end = ContinuousClock.now + .milliseconds(600)
    while ContinuousClock.now < end, sampler.ending == nil {
      usleep(UInt32(try sampler.step() / 1000))
    }
    try sampler.finish()

    if let history = sampler.history, var player = Player(history) {
      player.seek(to: player.firstTime)
      print("at first \(player.snapshot.gs.live) goroutines,")
      player.seekToEnd()
      print("in the end \(player.snapshot.gs.live)")
    }
    // snippet.end
  }

  static func recording() throws {
    let process = try Watched.start()
    defer { process.terminate() }
    let inspector = try Inspector.attach(to: process.processIdentifier)
    let folder = FileManager.default.temporaryDirectory.appending(path: "snippets-\(getpid())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/a.rec"
    var sampler = Sampler(inspector, history: HistoryLimits(bytes: 16_000_000))
    _ = try sampler.step()
    guard let history = sampler.history else { return }
    // snippet.recording
    let writer = try RecordingWriter(path: path)
    try writer.begin(sampler.identity, history)
    history.record(to: writer)
    // snippet.hide
    let end = ContinuousClock.now + .milliseconds(400)
    while ContinuousClock.now < end { usleep(UInt32(try sampler.step() / 1000)) }
    // snippet.show
    try sampler.finish()
    try history.finishRecording()
    try writer.finish(ended: sampler.ending?.description)

    let recording = try Recording(path: path)
    if let player = Player(recording.history) {
      print("\(player.snapshot.gs.live) goroutines, damage: \(recording.damage ?? "none")")
    }
    // snippet.end
  }

  static func blackBox() throws {
    let process = try Watched.start()
    let pid = process.processIdentifier
    kill(pid, SIGKILL)
    process.waitUntilExit()
    // snippet.blackBox
    let target = try RegionFolders.standard.blackBox(pid: pid)
    if let player = Player(try History.blackBox(target)) {
      for goroutine in player.goroutines.all where goroutine.reason == .chanReceive {
        print("waited for \(goroutine.reason) to its end")
      }
    }
    // snippet.hide
    unlink(target.path)
    // snippet.end
  }
}
