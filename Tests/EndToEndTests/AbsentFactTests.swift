// What mpgtop prints of a recording whose source knew little: absent facts stay absent in every form of output.
import Foundation
import TestSupport
import Testing

@testable import History
@testable import Inspector
@testable import Observed

extension EndToEnd {
  @Suite("Absent facts in print")
  struct AbsentFactTests {
    /// A recording of two looks at Gs by state, and at nothing else.
    private func recording(in folder: TemporaryFolder) throws -> String {
      let history = History()
      for second in [UInt64(1), 2] {
        var observation = Observation()
        observation.snapshot = Snapshot(target: .init(pid: 7, name: "strange", bootTime: 1))
        observation.clock = Clock(ticks: 1, nanoseconds: 1, nanosecondsPerTick: 1)
        (observation.snapshot.time, observation.snapshot.procs) = (second * 1_000_000_000, 1)
        var p = Snapshot.P()
        p.status = .running
        observation.snapshot.ps = [p]
        (observation.snapshot.gs.running, observation.snapshot.gs.waiting) = (1, [.sleep: 2])
        observation.snapshot.trace.absence = "no events: why"
        history.mark(observation)
        history.settle()
      }
      let path = "\(folder.path)/strange.rec"
      let writer = try RecordingWriter(path: path)
      try writer.begin(Snapshot.Target(pid: 7, name: "strange", bootTime: 1), history)
      try writer.write(history, since: 0)
      try writer.finish(ended: nil)
      return path
    }

    private func printed(_ path: String, _ option: String) throws -> [String] {
      let result = try Program.run(Command(Built.mpgtop, "replay", path, option))
      #expect(result.ending == .code(0) && result.errors == "", "\(result.errors)")
      return result.output.split(separator: "\n").map(String.init)
    }

    @Test("CSV has an empty field, schedtrace a dash and JSON null for what is not known")
    func forms() throws {
      let folder = try TemporaryFolder()
      let path = try recording(in: folder)
      let table = try printed(path, "--csv").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      let absent: Set = [
        "created", "exited", "grq", "grq_max", "lrq", "timers", "switches", "steals", "netpoll_wakeups",
        "events",
        "lost", "p_window_ns", "p_running_ns", "p_calls_ns", "p_searching_ns", "p_idle_ns",
      ]
      #expect(table.count >= 2)
      for row in table.dropFirst() {
        #expect(row.count == table[0].count)
        for (name, field) in zip(table[0], row) {
          #expect(field.isEmpty == absent.contains(String(name)), "\(name): '\(field)'")
        }
      }
      let trace = try #require(try printed(path, "--schedtrace").first)
      #expect(trace.contains("gomaxprocs=1 idleprocs=0") && trace.hasSuffix("runqueue=- [-]"), "\(trace)")
      let json = try #require(try printed(path, "--json").last)
      #expect(json.contains(#""timers":null,"switches":null"#) && json.contains(#""rings":null"#))
    }
  }
}
