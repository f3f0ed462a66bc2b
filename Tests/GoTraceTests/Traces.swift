// The traces that tests read: kept ones, by several versions of Go, and those that `make test-go-traces` makes anew.
import Foundation
import TestSupport
import Testing

@testable import GoTrace

/// A trace in a file, with what Go's own reader says of it in the file beside.
struct KeptTrace: Sendable, CustomStringConvertible {
  let path: String
  var description: String { URL(filePath: path).lastPathComponent }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures"

  /// Those that are kept.
  static let kept = traces(in: folder)
  /// Those that are kept, and those of the folder MPG_GO_TRACES.
  static let all = kept + (ProcessInfo.processInfo.environment["MPG_GO_TRACES"].map { traces(in: $0) } ?? [])

  private static func traces(in folder: String) -> [KeptTrace] {
    let names = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
    return names.filter { $0.hasSuffix(".trace") }.sorted().map { KeptTrace(path: "\(folder)/\($0)") }
  }

  static func named(_ name: String) -> KeptTrace { KeptTrace(path: "\(folder)/\(name)") }

  var bytes: [UInt8] { get throws { [UInt8](try Data(contentsOf: URL(filePath: path))) } }

  /// The sums of `go tool trace -pprof=`: the kind, and the line with how often and how long.
  var profiles: [(TraceProfile.Kind, String)] {
    get throws {
      let path = path.dropLast("trace".count) + "profiles"
      let lines = try String(contentsOfFile: String(path), encoding: .utf8).split(separator: "\n")
      return try lines.map { line in
        let word = String(line.prefix { $0 != " " })
        return (try #require(TraceProfile.Kind(rawValue: word == "sync" ? "block" : word)), String(line))
      }
    }
  }

  /// The lines of Go's reader.
  var truth: [String] {
    get throws {
      let path = path.dropLast("trace".count) + "truth"
      return try String(contentsOfFile: String(path), encoding: .utf8).split(separator: "\n").map(String.init)
    }
  }
}

/// All that a reader gave of a trace.
struct Heard {
  var events: [TraceEvent] = []
  var totals = TraceTotals(keepsGs: true)
  var damage = TraceDamage()
  var version = 0
  var generations = 0
  /// The strings of the last generation.
  var tables = TraceTables()

  init(_ bytes: [UInt8], isStrict: Bool = false) throws {
    try self.init(TraceReader(TraceInput(bytes: bytes), isStrict: isStrict))
  }

  init(_ reader: consuming TraceReader) throws {
    var part: [TraceEvent] = []
    while try reader.next(into: &part) {
      totals.add(part, of: reader)
      events += part
      tables = reader.tables
    }
    totals.finish()
    (damage, version, generations) = (reader.damage, reader.version, reader.generations)
  }

  func count(_ kinds: TraceKind...) -> UInt64 { kinds.reduce(0) { $0 + totals.count($1) } }
}
