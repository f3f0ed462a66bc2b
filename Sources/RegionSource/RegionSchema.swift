// The schema as a reader sees it: a place for each name. Region's `Schema` describes the text.
//
// The text comes from another process. So its length is bounded, every number is checked, and unknown lines are
// skipped. A missing name is noticed when a caller asks for it. `Blocks`, `RingPlaces` and `Strings`, which turn names
// into words of memory, check whether a place lies inside the region.
import Host
import Observed
import Region

struct RegionSchema {
  /// An array of blocks or of rings: its offset, the distance from one element to the next, both in bytes, and the
  /// number of elements.
  struct Extent: Equatable {
    var offset, stride, count: Int
  }

  /// A field inside its block: its offset in bytes from the block's start, and its length in words.
  struct Place: Equatable {
    var offset, words: Int
  }

  struct Ring: Equatable {
    var extent: Extent
    var records: Int
  }

  private(set) var blocks: [String: Extent] = [:]
  private(set) var fields: [String: Place] = [:]
  private(set) var rings: [String: Ring] = [:]
  private(set) var areas: [String: Extent] = [:]
  private(set) var cases: [String: [String: UInt64]] = [:]

  /// The longest schema that is read, in bytes.
  static let longest = 1 << 20

  init(text: [UInt8]) throws(LayoutProblem) {
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "))
      guard let first = words.first else { continue }
      do throws(Unreadable) {
        try add(first, words)
      } catch {
        throw .schema(printable(String(decoding: line.prefix(60), as: UTF8.self)))
      }
    }
  }

  private struct Unreadable: Error {}

  private mutating func add(_ kind: ArraySlice<UInt8>, _ words: [ArraySlice<UInt8>]) throws(Unreadable) {
    func text(_ index: Int) throws(Unreadable) -> String {
      guard index < words.count else { throw Unreadable() }
      return String(decoding: words[index], as: UTF8.self)
    }
    func number(_ index: Int) throws(Unreadable) -> Int {
      guard index < words.count, let value = Self.number(words[index]) else { throw Unreadable() }
      return value
    }
    func extent(from index: Int) throws(Unreadable) -> Extent {
      try Extent(offset: number(index), stride: number(index + 1), count: number(index + 2))
    }
    switch String(decoding: kind, as: UTF8.self) {
    case "block": blocks[try text(1)] = try extent(from: 2)
    case "field":
      fields[try text(1) + "." + text(2)] = try Place(offset: number(3), words: number(4))
    case "ring": rings[try text(1)] = try Ring(extent: extent(from: 2), records: number(5))
    case "area":
      areas[try text(1)] = try Extent(offset: number(2), stride: number(3), count: 1)
    case "enum": cases[try text(1), default: [:]][try text(3)] = UInt64(try number(2))
    default: break  // a kind of line of a newer writer, or one that this reader does not need
    }
  }

  /// A decimal number below 2⁶²; nil for anything else.
  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count <= 19 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      value = value &* 10 &+ UInt64(digit - UInt8(ascii: "0"))  // 19 digits fit in 64 bits
    }
    return value < 1 << 62 ? Int(value) : nil
  }

  /// Our case for each raw value (0…255) that the target may write; nil: this build does not know it.
  func table<Case: CaseIterable & RawRepresentable>(of _: Case.Type) throws(LayoutProblem) -> [Case?]
  where Case.RawValue == UInt8 {
    let name = "\(Case.self)"
    guard let values = cases[name] else { throw .missing("enum \(name)") }
    var table = [Case?](repeating: nil, count: 256)
    for known in Case.allCases {
      guard let value = values["\(known)"] else { continue }
      guard value < 256 else { throw .impossible("enum \(name) \(known)", value) }
      table[Int(value)] = known
    }
    return table
  }
}
