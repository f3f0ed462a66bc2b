// Frames as flat lists of keys and values, and the differences between frames that are allowed:
// docs/recording.md §6.
import Foundation
import TestSupport
import Testing

/// One JSON object as paths and values: `ps[P1].lrq` = 3. An element of a list is named by its id, not by its
/// place.
struct Flattened {
  private(set) var values: [String: String] = [:]

  init(json: String) throws {
    add(try JSONSerialization.jsonObject(with: Data(json.utf8)), "")
  }

  private mutating func add(_ value: Any, _ path: String) {
    if path == "past" {  // ten thousand Gs, which only a frame of the past lists
      values[path] = value is NSNull ? "null" : "something"
    } else if let object = value as? [String: Any] {
      for (key, value) in object { add(value, path.isEmpty ? key : "\(path).\(key)") }
    } else if let array = value as? [Any] {
      values["\(path)[]"] = "\(array.count) elements"
      for (place, element) in array.enumerated() {
        add(element, "\(path)[\(Self.name(element) ?? "\(place)")]")
      }
    } else if let number = value as? NSNumber {
      values[path] = number.stringValue
    } else {
      values[path] = value is NSNull ? "null" : "\"\(value)\""
    }
  }

  private static func name(_ element: Any) -> String? {
    guard let object = element as? [String: Any] else { return nil }
    if let thief = object["thief"], let victim = object["victim"] { return "\(thief)<\(victim)" }
    for key in ["id", "lane", "s", "lint"] {
      if let name = object[key] { return "\(key) \(name)" }
    }
    return nil
  }

  /// The same values, but those below `prefix` are taken from `other`.
  func with(_ prefix: String, of other: Flattened) -> Flattened {
    var result = self
    result.values = values.filter { !$0.key.hasPrefix(prefix) }
    result.values.merge(other.values.filter { $0.key.hasPrefix(prefix) }) { $1 }
    return result
  }

  func without(_ prefix: String) -> Flattened {
    var result = self
    result.values = values.filter { !$0.key.hasPrefix(prefix) }
    return result
  }

  subscript(path: String) -> UInt64? { values[path].flatMap { UInt64($0) } }

  /// The paths whose values differ, each with both values.
  func differences(from other: Flattened) -> [(path: String, text: String)] {
    Set(values.keys).union(other.values.keys).sorted().compactMap { path in
      let (one, two) = (values[path] ?? "nothing", other.values[path] ?? "nothing")
      return one == two || Self.isRounding(path, one, two) ? nil : (path, "\(path): \(one), past \(two)")
    }
  }

  /// The target improves its conversion from ticks to nanoseconds while it runs. So values that were
  /// converted at different times may differ by the clock's error.
  private static func isRounding(_ path: String, _ one: String, _ two: String) -> Bool {
    guard let a = Double(one), let b = Double(two) else { return false }
    guard ["_ns", "per_s", "utilization"].contains(where: path.hasSuffix) else { return false }
    return abs(a - b) <= max(abs(a), abs(b)) * 1e-5 + (path.hasSuffix("_ns") ? 2 : 0.001)
  }
}

/// The allowed differences, and where each is allowed.
struct Exceptions {
  enum Place: String {
    case always
    case betweenKeyframes = "between keyframes"
    case lateEvents = "late events"
    case blackBox = "black box"
  }

  private var rows: [(pattern: String, place: Place)] = []

  /// Reads the table of exceptions in the page. Each row must give its reason.
  init() throws {
    let page = contents(of: "\(Built.repository)/docs/recording.md")
    let section = try #require(page.components(separatedBy: "## 6. The past and live").last)
    for line in section.split(separator: "\n") where line.hasPrefix("| `") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let place = try #require(Place(rawValue: cells[1]), "\(line)")
      #expect(cells.count == 3 && cells[2].count > 20, "a reason: \(line)")
      for (index, word) in cells[0].split(separator: "`").enumerated() where index % 2 == 0 {
        rows.append((String(word), place))
      }
    }
    #expect(rows.count > 20)
  }

  func allow(_ path: String, in places: [Place]) -> Bool {
    // The table writes `ps[id 1].lrq` as `ps[].lrq`, and a key covers all that is below it.
    let plain = path.replacing(#/\[[^\]]*\]/#, with: "[]")
    return rows.contains { pattern, place in
      guard places.contains(place) else { return false }
      let key = pattern.hasSuffix(".*") ? String(pattern.dropLast(2)) : pattern
      return plain == key || plain.hasPrefix(key + ".") || plain.hasPrefix(key + "[")
    }
  }
}
