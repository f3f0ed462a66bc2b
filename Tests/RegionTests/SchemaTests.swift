// The schema text: a reader that knows only the grammar finds every word again.
import TestSupport
import Testing

@testable import Region

/// A reader that knows the grammar and nothing else.
private struct ParsedSchema: Equatable {
  var version = -1
  var blocks: [String: [Int]] = [:]
  var fields: [String: [String]] = [:]
  var enums: [String: [Int: String]] = [:]
  var rings: [String: [Int]] = [:]
  var areas: [String: [Int]] = [:]
  var events: [Int: [String]] = [:]
  var unknown = 0

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      switch words[0] {
      case "mpg-region": version = Int(words[1]) ?? -1
      case "block": blocks[words[1]] = words[2...].compactMap { Int($0) }
      case "field": fields["\(words[1]).\(words[2])"] = Array(words[3...])
      case "enum": enums[words[1], default: [:]][Int(words[2]) ?? -1] = words[3]
      case "ring": rings[words[1]] = words[2...].compactMap { Int($0) }
      case "area": areas[words[1]] = words[2...].compactMap { Int($0) }
      case "event": events[Int(words[1]) ?? -1] = Array(words[2...])
      default: unknown += 1
      }
    }
  }
}

@Suite("Schema")
struct SchemaTests {
  private let layout = Layout(pRingRecords: 64, mRingRecords: 16)
  private var text: String { Schema.text(for: layout) }

  @Test("fits the room that is kept for it, with a quarter to spare, and is lines of plain ASCII")
  func textIsPlainAndFits() {
    #expect(text.utf8.count <= Layout.schemaCapacity * 3 / 4)
    #expect(text.utf8.allSatisfy { $0 == 10 || ($0 >= 32 && $0 < 127) })
    #expect(text.hasPrefix("mpg-region 1\n"))
    #expect(text.hasSuffix("\n"))
    #expect(!text.contains("  "))
    #expect(!text.contains(" \n"))
    #expect(!text.contains("\n\n"))
  }

  @Test("says where each array of blocks, rings and strings lies, as the layout does")
  func extentsAreTheLayouts() {
    let parsed = ParsedSchema(text)

    #expect(parsed.version == 1)
    #expect(parsed.unknown == 0)
    #expect(
      parsed.blocks == [
        "header": [0, 4096, 1], "sched": [layout.sched, 4096, 1], "p": [layout.p, 4096, 1024],
        "steal": [layout.steal, 32, 1024 * 1024], "m": [layout.m, 64, 10_000],
        "lane": [layout.lane, 512, 11_024], "g": [layout.g, 64, 1 << 22],
      ])
    #expect(
      parsed.rings == ["p": [layout.pRings, 64 * 32, 1024, 64], "m": [layout.mRings, 16 * 32, 10_000, 16]])
    #expect(parsed.areas == ["strings": [layout.strings, 262_144]])
  }

  @Test("says of each field where it is and what it means")
  func fieldsAreTheCodes() {
    let parsed = ParsedSchema(text)

    func check<Field: RegionField>(_: Field.Type) {
      for field in Field.allCases {
        let spec = field.spec
        #expect(
          parsed.fields["\(Field.block).\(field)"]
            == ["\(field.rawValue * 8)", "\(spec.count)", spec.kind.name, spec.unit])
      }
    }
    check(HeaderField.self)
    check(SchedField.self)
    check(PField.self)
    check(StealField.self)
    check(MField.self)
    check(LaneField.self)
    check(GField.self)
    let count =
      HeaderField.allCases.count + SchedField.allCases.count + PField.allCases.count
      + StealField.allCases.count + MField.allCases.count + LaneField.allCases.count + GField.allCases.count
    #expect(parsed.fields.count == count)
  }

  @Test("names every enum that a field or an event refers to, and every case of it")
  func referencesResolve() {
    let parsed = ParsedSchema(text)

    let fromFields = parsed.fields.values.map { $0[2] }.filter { $0.hasPrefix("enum:") }.map {
      $0.dropFirst(5)
    }
    #expect(fromFields.allSatisfy { parsed.enums[String($0)] != nil })
    #expect(parsed.enums["WaitReason"]?.count == WaitReason.allCases.count)
    #expect(parsed.enums["WaitReason"]?[12] == "await")
    #expect(parsed.enums["BootStep"]?[7] == "mainG")
    #expect(parsed.events.count == EventKind.allCases.count)
    #expect(parsed.events.values.allSatisfy { $0.count == 5 })
    let details = parsed.events.values.map { $0[2] }.filter { $0.hasPrefix("detail:") }.map {
      $0.dropFirst(7)
    }
    let enums = details.filter { $0.first?.isUppercase == true }
    #expect(Set(enums) == ["BootStep", "WaitReason", "Shortage", "RunSource"])
    #expect(enums.allSatisfy { parsed.enums[String($0)] != nil })
  }

  @Test("means the same in any order of its lines, and with lines in between that are not known")
  func orderMeansNothing() {
    let original = ParsedSchema(text)
    var dice = Dice(7)
    var lines = text.split(separator: "\n").map(String.init)

    for round in 0..<5 {
      lines.shuffle(using: &dice)
      var shuffled = ParsedSchema(lines.joined(separator: "\n") + "\nfuture \(round) thing")
      #expect(shuffled.unknown == 1)
      shuffled.unknown = 0
      #expect(shuffled == original)
    }
  }

  @Test("no line stands twice, so nothing depends on which one is taken")
  func linesAreUnique() {
    let lines = text.split(separator: "\n")
    let keys = lines.map { line in
      let words = line.split(separator: " ")
      return words.prefix(words[0] == "field" || words[0] == "enum" ? 3 : 2).joined(separator: " ")
    }

    #expect(Set(keys).count == lines.count)
  }
}
