import Foundation
import Region
import Testing

@testable import Exports
@testable import Inspector
@testable import Observed

@Suite("Metrics for Prometheus")
struct MetricsTests {
  /// A snapshot in which every optional value is present.
  private func fullSnapshot() throws -> Snapshot {
    let region = RegionFixture()
    region.name = "de\"mo\\\n"
    region.count(.created, on: 0, by: 5)
    region.count(.started, on: 0, by: 4)
    region.count(.parked, on: 0, reason: .waitGroup, by: 1)
    region.count(.parked, on: 0, reason: .netpollRead, by: 2)
    var snapshot = try region.snapshot()
    snapshot.gs.tasks = 3
    for index in snapshot.ps.indices {
      snapshot.ps[index].idleTime = 1_000_000_001
      snapshot.ps[index].spinTime = 2
      snapshot.ps[index].gCache = .init(hits: 4, misses: 5)
      snapshot.ps[index].stackCache = .init(hits: 6, misses: 7)
    }
    snapshot.retired?.stealTries = 100
    return snapshot
  }

  private func samples(_ text: String) -> [String: String] {
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    return Dictionary(
      uniqueKeysWithValues: lines.map { line in
        let space = line.lastIndex(of: " ")!
        return (String(line[..<space]), String(line[line.index(after: space)...]))
      })
  }

  @Test("samples say what the snapshot says, each once, in both forms")
  func values() throws {
    let snapshot = try fullSnapshot()
    let (open, plain) = (snapshot.metrics(.openMetrics), snapshot.metrics(.prometheus))
    #expect(samples(open) == samples(plain))
    let samples = samples(open)
    let info = try #require(samples.keys.first { $0.hasPrefix("mpg_target_info") })
    #expect(info.contains("pid=\"\(getpid())\"") && info.contains("name=\"de\\\"mo\\\\"))
    #expect(samples["mpg_goroutines{state=\"running\"}"] == "1")
    #expect(samples["mpg_goroutines{state=\"waiting\"}"] == "3")
    #expect(samples["mpg_goroutines_waiting{reason=\"netpollRead\"}"] == "2")
    #expect(samples["mpg_goroutines_created_total"] == "5")
    #expect(samples["mpg_p_idle_seconds_total{p=\"1\"}"] == "1.000000001")
    #expect(samples["mpg_steal_tries_total"] == "100")
    #expect(samples["mpg_p_cache_requests_total{p=\"0\",cache=\"stack\",result=\"miss\"}"] == "7")
    #expect(samples["mpg_swift_task_goroutines"] == "3")
  }

  @Test("OpenMetrics: every family has its type before its samples, units end names, EOF ends the text")
  func openMetrics() throws {
    let lines = try fullSnapshot().metrics(.openMetrics).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.suffix(2) == ["# EOF", ""])
    var (family, type) = ("", "")
    var families: Set<String> = []
    for line in lines.dropLast(2) {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      if words[0] != "#" {
        let name = String(line.prefix { $0 != "{" && $0 != " " })
        let suffix = ["counter": "_total", "info": "_info"][type] ?? ""
        #expect(name == family + suffix && !line.contains("\r"))
      } else if words[1] == "HELP" {
        family = words[2]
        #expect(families.insert(family).inserted && words.count == 4)
      } else {
        #expect(words[2] == family)
        if words[1] == "TYPE" { type = words[3] } else { #expect(family.hasSuffix("_" + words[3])) }
      }
    }
    #expect(families.count > 30)
  }

  @Test("the older text: counters' families end in _total, and there is no EOF and no unit")
  func prometheusText() throws {
    let text = try fullSnapshot().metrics(.prometheus)
    #expect(text.contains("# TYPE mpg_switches_total counter\nmpg_switches_total 4\n"))
    #expect(text.contains("# TYPE mpg_target_info gauge\n"))
    #expect(!text.contains("# EOF") && !text.contains("# UNIT"))
  }

  @Test("how many series there are depends on the Ps, not on Gs and Ms")
  func boundedCardinality() throws {
    var snapshot = try fullSnapshot()
    let before = samples(snapshot.metrics(.openMetrics)).count
    snapshot.gs.created = 1_000_000
    snapshot.ms += (0..<5000).map { id in
      var m = Snapshot.M()
      m.id = id + 100
      return m
    }
    #expect(samples(snapshot.metrics(.openMetrics)).count == before)
    snapshot.ps = Array(repeating: snapshot.ps[0], count: 100_000)
    #expect(snapshot.metrics(.openMetrics).utf8.count < 2_000_000)
  }

  @Test(
    "the form is what the header Accept prefers",
    arguments: [
      ("", false), ("*/*", false), ("text/plain", false), ("application/openmetrics-text", true),
      ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true),
      ("text/plain, application/openmetrics-text; q=0.3", false),
      ("application/openmetrics-text;q=0, */*;q=0.1", false), ("Application/OpenMetrics-Text ; q=0.9", true),
      ("application/openmetrics-text;q=nonsense", false), ("image/png", false), (";;,,q=1", false),
    ])
  func negotiation(_ accept: String, _ isOpen: Bool) {
    #expect((MetricsForm(accept: accept) == .openMetrics) == isOpen)
  }

  @Test("docs/exports.md has a row for every family, and for nothing else")
  func documented() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "../../../docs/exports.md")
    let document = try String(contentsOf: path, encoding: .utf8)
    let rows = document.matches(of: #/(?m)^\| `(mpg_\w+)/#).map { String($0.1) }
    let page = try Exposition(MetricsPageTests.full(.openMetrics), isOpen: true)
    let parts = ["_bucket", "_count", "_sum"].map { "mpg_run_latency_seconds" + $0 }
    let names = page.samples.map { parts.contains($0.name) ? "mpg_run_latency_seconds" : $0.name }
    #expect(Set(rows) == Set(names) && rows.count == Set(rows).count)
  }
}
