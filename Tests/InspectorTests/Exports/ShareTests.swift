// The board for Grafana and the rules for Prometheus name only metrics that there are. `make test-reach` asks a real Prometheus
// whether their queries return something.
import Foundation
import Testing

@testable import Exports

@Suite("Board and rules")
struct ShareTests {
  private static let share = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
    path: "../../../share")

  private func text(_ name: String) throws -> String {
    try String(contentsOf: Self.share.appending(path: name), encoding: .utf8)
  }

  /// Every metric that a text names, without what the parts of a histogram add.
  private func metrics(in text: String) -> Set<String> {
    let words = text.matches(of: #/\bmpg_[a-z_]+/#).map { String($0.0) }
    return Set(words.filter { !$0.hasSuffix("_") })
  }

  @Test(
    "they name only metrics of the page", arguments: ["grafana/mpgtop.json", "prometheus/mpgtop.rules.yml"])
  func names(_ file: String) throws {
    let page = try Exposition(MetricsPageTests.full(.openMetrics), isOpen: true)
    let named = metrics(in: try text(file))
    #expect(named.count > 8)
    #expect(named.subtracting(page.samples.map(\.name)).isEmpty)
  }

  @Test("the board has a panel for each place of its grid, and variables for all that its queries use")
  func board() throws {
    let parsed = try JSONSerialization.jsonObject(with: Data(text("grafana/mpgtop.json").utf8))
    let board = try #require(parsed as? [String: Any])
    let panels = try #require(board["panels"] as? [[String: Any]])
    let ids = panels.compactMap { $0["id"] as? Int }
    #expect(Set(ids).count == panels.count && panels.count > 15)
    var taken: Set<[Int]> = []
    for panel in panels {
      let place = try #require(panel["gridPos"] as? [String: Int])
      for x in place["x"]!..<place["x"]! + place["w"]! {
        for y in place["y"]!..<place["y"]! + place["h"]! {
          #expect(x < 24 && taken.insert([x, y]).inserted, "\(panel["title"] ?? "")")
        }
      }
    }
    let list = (board["templating"] as? [String: Any])?["list"] as? [[String: Any]] ?? []
    let known = Set(list.compactMap { $0["name"] as? String } + ["__rate_interval"])
    let queries = panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }.compactMap {
      $0["expr"] as? String
    }
    let used = Set(queries.flatMap { query in query.matches(of: #/\$(\w+)/#).map { String($0.1) } })
    #expect(queries.count > 30 && used.subtracting(known).isEmpty)
  }

  @Test("each alert has a test in which it fires and one in which it is quiet")
  func ruleTests() throws {
    let (rules, tests) = (
      try text("prometheus/mpgtop.rules.yml"), try text("prometheus/mpgtop.rules_test.yml")
    )
    let alerts = rules.matches(of: #/- alert: (\w+)/#).map { String($0.1) }
    #expect(alerts.count == 8)
    for alert in alerts {
      #expect(tests.contains("alertname: \(alert), exp_alerts: []"), "\(alert) is never quiet")
      #expect(tests.contains("alertname: \(alert)\n        exp_alerts:\n"), "\(alert) never fires")
    }
  }
}
