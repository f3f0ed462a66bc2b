// A source that knows only what every source knows: no screen and no export makes a number of what it does not know.
import Inspector
import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Observed
@testable import TUI

extension Fixtures {
  /// A snapshot with ids, states and counts of Gs by state, and nothing else. No number in it has the digit 0.
  static func sparse(at seconds: UInt64 = 111) -> Snapshot {
    var snapshot = Snapshot(target: .init(pid: 7777, name: "strange", bootTime: 1_000_000_000))
    (snapshot.time, snapshot.procs) = ((1 + seconds) * 1_000_000_000, 2)
    snapshot.ps = [(1, PStatus.running), (2, .idle)].map { id, status in
      var p = Snapshot.P()
      (p.id, p.status) = (id, status)
      return p
    }
    snapshot.ms = [(1, MState.running), (3, .parked)].map { id, state in
      var m = Snapshot.M()
      (m.id, m.state) = (id, state)
      return m
    }
    (snapshot.gs.running, snapshot.gs.runnable) = (1, 3)
    snapshot.gs.waiting = [
      .netpollRead: 5, .chanReceive: 4, .sleep: 3, .mutex: 2, .select: 1, .signal: 1, .await: 1,
      .waitGroup: 1,
    ]
    snapshot.netpoll.parked = 5
    snapshot.trace.absence = "no events: a process that is looked at from outside"
    return snapshot
  }

  /// A frame of it, as a viewer that has looked twice has it.
  static func sparseFrame() -> Frame? {
    var builder = FrameBuilder()
    builder.observe(sparse(at: 99))
    _ = builder.frame()
    builder.observe(sparse())
    var frame = builder.frame()
    frame?.instruments = Instruments(
      Meter(reasons: WaitReason.all), Pressure(), Census(), sparse())
    frame?.detail.goroutines = Goroutines(all: [], isComplete: false)
    return frame
  }
}

@Suite("A source that knows little")
struct SparseTests {
  @Test(
    "no screen shows a 0 for what is not known", arguments: ScreenID.allCases,
    [(80, 24), (120, 40), (40, 12)])
  func screens(_ screen: ScreenID, size: (Int, Int)) throws {
    let frame = try #require(Fixtures.sparseFrame())
    var state = AppState(size: Size(columns: size.0, rows: size.1), screen: screen)
    _ = state.update(.frame(frame))
    let lines = Screen.draw(state).lines
    // The tabs and the keys have digits of their own, and the axis of the graphs has `60 s ago`.
    for line in lines.enumerated().filter({ $0.offset != 1 && $0.offset < lines.count - 1 }).map(\.element) {
      #expect(line.firstMatch(of: #/(?:^|[^\w.,:])0(?:$|[^\w,])/#) == nil, "\(line)")
      #expect(!line.contains("nil") && !line.contains("Optional"), "\(line)")
    }
    let text = lines.joined(separator: "\n")
    switch screen {
    case .overview, .ps, .steals, .netpoll, .ms:
      #expect(text.contains(" - ") || text.contains(" -\n") || size.0 == 40)
    case .timeline, .latency, .events, .tracer, .stage:
      #expect(text.contains("no events: a process that is looked at") || size.0 == 40)
    case .gs: #expect(text.contains("no Gs are listed"))
    }
  }

  @Test("a history that has no moment yet goes back to none, and not to the boot of the machine")
  func emptyHistory() throws {
    var frame = try #require(Fixtures.sparseFrame())
    frame.detail.health = Health()
    var state = AppState(size: Size(columns: 120, rows: 40), screen: .tracer)
    _ = state.update(.frame(frame))
    #expect(Screen.draw(state).lines.contains { $0.contains("back to -") })
  }

  @Test("JSON has every key, and null for what is not known")
  func json() throws {
    let json = try #require(Fixtures.sparseFrame()).json
    for words in [
      #""grq":null,"grq_max":null,"queue_age_ns":null,"timers":null,"switches":null"#,
      #""id":1,"status":"running","m":null,"g":null,"entry":null,"lrq":null,"lrq_max":null,"runnext":null,"ticks":null"#,
      #""steals_in":null,"steals_out":null,"stolen_gs":null,"steal_tries":null,"idle_ns":null"#,
      #""retired":{"ps":null,"ticks":null,"steals_in":null"#, #""ms":[{"id":1,"tid":null,"state":"running""#,
      #""gs":{"live":22,"created":null,"exited":null,"by_state":{"running":1,"runnable":3,"#,
      #""in_hands":null"#,
      #""netpoll":{"parked":5,"fds":null,"wakeups":null,"readied":null,"backend":null"#,
      #""trace":{"enabled":false,"events":null,"lost":null,"bytes":null,"rings":null}"#,
      #""rates":{"switches_per_s":null,"steals_per_s":null,"spawns_per_s":null,"wakeups_per_s":null,"#
        + #""events_per_s":null,"mutex_wait_s_per_s":null}"#,
      #""steals":null,"steals_cut":null"#,
    ] { #expect(json.contains(words), "\(words) in \(json)") }
  }

  @Test("Prometheus gets samples of what is known, and none of the rest")
  func metrics() throws {
    for form in MetricsForm.allCases {
      let text = Fixtures.sparse().metrics(form)
      let names = Set(
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }
          .map { String($0.prefix { $0 != "{" && $0 != " " }) })
      #expect(
        names == [
          "mpg_target_info", "mpg_uptime_seconds", "mpg_procs", "mpg_snapshot_consistent", "mpg_goroutines",
          "mpg_goroutines_waiting", "mpg_processors", "mpg_threads", "mpg_netpoll_goroutines",
          "mpg_trace_enabled",
        ])
    }
  }

  @Test("a keyframe keeps absent what is absent, and each fact by itself")
  func keyframes() throws {
    #expect(try #require(Keyframe(Keyframe(snapshot: Fixtures.sparse()).bytes)).snapshot == Fixtures.sparse())
    var full = Snapshot.beginning()
    (full.ps, full.ms) = ([.beginning(0)], [Snapshot.M()])
    full.ms[0].tid = 7
    full.steals = StealMatrix([StealMatrix.Pair(thief: 0, victim: 1, tries: 9, hits: 2, gs: 3)])
    let known = Keyframe(snapshot: full)
    #expect(try #require(Keyframe(known.bytes)) == known)
    var gaps: [Snapshot] = []
    func without(_ forget: (inout Snapshot) -> Void) {
      gaps.append(full)
      forget(&gaps[gaps.count - 1])
    }
    for fact in Snapshot.facts { without(fact.forget) }
    for fact in Snapshot.P.facts { without { fact.forget(&$0.ps[0]) } }
    for fact in Snapshot.M.facts { without { fact.forget(&$0.ms[0]) } }
    for fact in Snapshot.Netpoll.facts { without { fact.forget(&$0.netpoll) } }
    for fact in Snapshot.Trace.facts { without { fact.forget(&$0.trace) } }
    for fact in Snapshot.Retired.facts {
      without { snapshot in
        var retired = snapshot.retired ?? .beginning
        fact.forget(&retired)
        snapshot.retired = retired
      }
    }
    without { $0.retired = nil }
    without { $0.steals = StealMatrix([StealMatrix.Pair(thief: 0, victim: 1, tries: nil, hits: 2, gs: 3)]) }
    without { $0.trace.absence = "no events: why" }
    for (place, gap) in gaps.enumerated() {
      #expect(gap != full && Keyframe(Keyframe(snapshot: gap).bytes)?.snapshot == gap, "\(place)")
    }
    #expect(gaps.count > 28)
  }
}
