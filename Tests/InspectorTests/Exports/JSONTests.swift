import Foundation
import Region
import Testing

@testable import Exports
@testable import Insight
@testable import Inspector
@testable import Observed

@Suite("Frames as JSON")
struct JSONTests {
  /// A frame in which every optional value is present.
  private func fullFrame() throws -> Frame {
    let region = RegionFixture()
    region.name = "de\"mo\\"
    region[PField.m, 0] = 1
    region[PField.g, 0] = 18_446_744_073_709_551_615
    region[PField.entry, 0] = region.intern("f at Ä.swift:1")
    region[MField.p, 0] = 1
    region[MField.g, 0] = 42
    region.count(.created, on: 0, by: 3)
    region.count(.started, on: 0, by: 3)
    region.count(.parked, on: 0, reason: .waitGroup, by: 1)
    region.count(.parked, on: 0, reason: .netpollRead, by: 1)
    (region[SchedField.pace], region[SchedField.paceRate]) = (region.raw(Pacing.slow), 8)
    region[MField.state, 1] = region.raw(MState.running)
    region[MField.waitsSince, 1] = 7
    var frame = Frame(snapshot: try region.snapshot())
    (frame.switchesPerSecond, frame.ended) = (1234.56, "exited with code 0")
    (frame.past, frame.gap) = (past, HistoryGap(from: 5, to: 7))
    frame.instruments = instruments
    return frame
  }

  /// Instruments with at least one of everything.
  private var instruments: Instruments {
    var second = OpenSecond(number: 1)
    second.tally.add(.runQueue, 1)
    second.tally.add(.netpoll, 1)
    second.addSlice(1, of: 5)
    second.addSyscall(1, of: 1)
    second.add([1, 1, 1, 1, 1, 1], p: 0, m: 1)
    var instruments = Instruments()
    instruments.recent = second.activity(Clock(first: (0, 0), second: (0, 0)))
    instruments.seconds = [Second(number: 1, activity: instruments.recent)]
    instruments.steals = StealMatrix([StealMatrix.Pair(thief: 0, victim: 1, tries: 1, hits: 0, gs: 0)])
    var site = Site(entry: "f at Main.swift:3", count: 1)
    (site.oldest, site.oldestSince) = (5, 7)
    instruments.census.sites = [site]
    instruments.census.waiters = [
      Waiter(g: 5, state: .waiting, reason: .sleep, since: 7, entry: "f at Main.swift:3")
    ]
    instruments.findings = [
      Finding(lint: "hog", message: "G5", g: 5, entry: "f at Main.swift:3", value: 4, threshold: 3)
    ]
    return instruments
  }

  /// A moment of the past with at least one of everything.
  private var past: Past {
    let record = PlacedRecord(
      record: Record(.goPark, time: 7, m: 1, g: 5, detail: WaitReason.sleep.rawValue), lane: .p(0),
      position: 9)
    let event = Event(
      record, Clock(first: (0, 0), second: (0, 0)), names: StringBook(), reasons: WaitReason.all)
    var past = Past()
    past.lanes = [Past.LaneEvents(lane: .p(0), events: [event])]
    past.goroutines.all = [
      Goroutine(
        id: 5, state: .waiting, reason: .sleep, since: 7, entry: "f at Main.swift:3", parent: 1, p: 0, fd: 4)
    ]
    return past
  }

  private func parse(_ frame: Frame) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(frame.json.utf8))
    return try #require(object as? [String: Any])
  }

  @Test("a line is valid JSON, and says what the frame says")
  func values() throws {
    let frame = try fullFrame()
    let json = try parse(frame)

    #expect(!frame.json.contains("\n"))
    #expect(json["schema"] as? String == "mpgtop/1" && json["name"] as? String == "de\"mo\\")
    #expect(json["pid"] as? Int == Int(getpid()) && json["t_ns"] as? UInt64 == frame.snapshot.time)
    #expect(json["consistent"] as? Bool == true && json["procs"] as? Int == 2)
    #expect(json["ended"] as? String == "exited with code 0")
    let p = try #require((json["ps"] as? [[String: Any]])?.first)
    #expect(p["g"] as? UInt64 == .max && p["entry"] as? String == "f at Ä.swift:1")
    let rates = try #require(json["rates"] as? [String: Any])
    #expect(rates["switches_per_s"] as? Double == 1234.6 && rates["steals_per_s"] is NSNull)
  }

  @Test("the numbers under by_state add up to live")
  func byState() throws {
    let gs = try #require(try parse(fullFrame())["gs"] as? [String: Any])
    let states = try #require(gs["by_state"] as? [String: Int])

    #expect(states["running"] == 1 && states["sync"] == 1 && states["netpoll"] == 1)
    #expect(states.values.reduce(0, +) == gs["live"] as? Int)
  }

  @Test("keys come in one order, and an absent value is null")
  func order() throws {
    let json = Frame(snapshot: try RegionFixture(procs: 1, ms: 1).snapshot()).json
    let keys = json.split(separator: "\"").enumerated().compactMap { index, part in
      index % 2 == 1 ? String(part) : nil
    }
    #expect(keys.prefix(4) == ["schema", "mpgtop/1", "pid", "name"])
    #expect(json.contains(#"{"id":0,"status":"idle","m":null,"g":null,"entry":null,"lrq":0,"lrq_max":0,"#))
    #expect(json.hasSuffix(#""ended":null}"#))
  }

  @Test("control characters are escaped, and what is not finite is null")
  func escapes() {
    var json = JSONText()
    json.array { json in
      json.value("a\"b\\c\n\u{1}\u{7f}é")
      json.value(Double.nan)
      json.value(-2.25)
    }
    #expect(json.text == #"["a\"b\\c\u000a\u0001\u007fé",null,-2.3]"# || json.text.hasSuffix("-2.2]"))
  }

  @Test("docs/json.md has a row for every key, and no other rows")
  func documented() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/json.md")
    let page = try String(contentsOf: path.standardized, encoding: .utf8)
    let rows = page.split(separator: "\n").compactMap { line -> String? in
      guard line.hasPrefix("| `") else { return nil }
      return line.split(separator: "`").dropFirst().first.map(String.init)
    }

    let written = keys(of: try parse(fullFrame()))
    #expect(Set(rows) == written)
    #expect(rows.count == written.count)
  }

  /// The paths of all keys: `ps[].lrq`, `gs.by_state.running`…
  private func keys(of value: Any, below prefix: String = "") -> Set<String> {
    if let object = value as? [String: Any] {
      return object.reduce(into: []) { all, member in
        let name = prefix.isEmpty ? member.key : "\(prefix).\(member.key)"
        let inner = keys(of: member.value, below: name)
        all.formUnion(inner.isEmpty ? [name] : inner)
      }
    }
    if let array = value as? [Any] {
      return array.reduce(into: []) { $0.formUnion(keys(of: $1, below: prefix + "[]")) }
    }
    return []
  }
}
