// The normative page and the code say the same: the page contains every field, enum case, event and constant
// with its number, and nothing else.
import Testing

@testable import Region

private let page = Specification.shared

/// The rows in which the page should list a block's fields.
private func fieldRows<Field: RegionField>(_: Field.Type) -> [[String]] {
  Field.allCases.map {
    ["\($0.rawValue * 8)", $0.name, "\($0.spec.count)", $0.spec.kind.name, $0.spec.unit]
  }
}

private func documentedFields(_ block: String) -> [[String]] {
  page.table("Block \(block)", startingWith: "Offset").map { Array($0.prefix(5)) }
}

/// The rows in which the page should list an enum's cases.
private func caseRows<E: CaseIterable & RawRepresentable>(_: E.Type) -> [[String]] where E.RawValue == UInt8 {
  E.allCases.map { ["\($0.rawValue)", "\($0)"] }
}

private func documentedCases(_ name: String) -> [[String]] {
  page.table("Enum \(name)", startingWith: "Value").map { Array($0.prefix(2)) }
}

@Suite("docs/region.md")
struct SpecificationTests {
  @Test("has every field of every block with offset, length, kind and unit, and no other")
  func fieldsAreDocumented() {
    #expect(documentedFields("header") == fieldRows(HeaderField.self))
    #expect(documentedFields("sched") == fieldRows(SchedField.self))
    #expect(documentedFields("p") == fieldRows(PField.self))
    #expect(documentedFields("steal") == fieldRows(StealField.self))
    #expect(documentedFields("m") == fieldRows(MField.self))
    #expect(documentedFields("lane") == fieldRows(LaneField.self))
    #expect(documentedFields("g") == fieldRows(GField.self))
  }

  @Test("has every block with stride and count, in the schema's order, and a section for each")
  func blocksAreDocumented() {
    let inSchema = Schema.text(for: Layout()).split(separator: "\n")
      .map { $0.split(separator: " ").map(String.init) }
      .filter { $0[0] == "block" }.map { [$0[1], $0[3], $0[4]] }

    let documented = page.table("5. Blocks and fields", startingWith: "Block").map { Array($0.prefix(3)) }

    #expect(documented == inSchema)
    let sections = Set(page.rows.keys.filter { $0.hasPrefix("Block ") })
    #expect(sections == Set(documented.map { "Block \($0[0])" }))
  }

  @Test("has every case of every enum with its number, and no other")
  func casesAreDocumented() {
    #expect(documentedCases("GState") == caseRows(GState.self))
    #expect(documentedCases("WaitReason") == caseRows(WaitReason.self))
    #expect(documentedCases("MState") == caseRows(MState.self))
    #expect(documentedCases("PStatus") == caseRows(PStatus.self))
    #expect(documentedCases("GKind") == caseRows(GKind.self))
    #expect(documentedCases("ProcessState") == caseRows(ProcessState.self))
    #expect(documentedCases("BootStep") == caseRows(BootStep.self))
    #expect(documentedCases("NetpollKind") == caseRows(NetpollKind.self))
    #expect(documentedCases("Shortage") == caseRows(Shortage.self))
    #expect(documentedCases("RunSource") == caseRows(RunSource.self))
    #expect(documentedCases("RuleNumber") == caseRows(RuleNumber.self))
    #expect(documentedCases("Pacing") == caseRows(Pacing.self))
  }

  @Test("has a section for every enum of the schema, and for no other")
  func enumsAreDocumented() {
    let inSchema = Schema.text(for: Layout()).split(separator: "\n")
      .filter { $0.hasPrefix("enum ") }.map { "Enum \($0.split(separator: " ")[1])" }

    #expect(Set(page.rows.keys.filter { $0.hasPrefix("Enum ") }) == Set(inSchema))
  }

  @Test("has the legal moves of a G and the group of each wait reason")
  func movesAndGroupsAreDocumented() {
    #expect(
      page.table("Enum GState", startingWith: "Value").map { $0[2] }
        == GState.allCases.map { $0.moves.map { "\($0)" }.joined(separator: " ") })
    #expect(
      page.table("Enum WaitReason", startingWith: "Value").map { $0[2] }
        == WaitReason.allCases.map { $0.group.rawValue })
  }

  @Test("has every event with its number and the meaning of its four free parts, and no other")
  func eventsAreDocumented() {
    let documented = page.table("11. Events", startingWith: "Value").map { Array($0.prefix(6)) }

    let inCode = EventKind.allCases.map { kind in
      // The schema says `detail:WaitReason`; the page has WaitReason in the column Detail.
      ["\(kind.rawValue)", "\(kind)"]
        + kind.meaning.split(separator: " ").map { String($0.split(separator: ":").last ?? "") }
    }
    #expect(documented == inCode)
  }

  @Test("has every constant with its value")
  func constantsAreDocumented() {
    let documented = page.table("3. The file", startingWith: "Constant").map { "\($0[0]) \($0[1])" }

    #expect(
      documented == [
        "magic 0x\(String(Layout.magic, radix: 16))", "version \(Layout.version)",
        "byteOrder 0x0\(String(Layout.byteOrder, radix: 16))", "page \(Layout.page)",
        "schemaCapacity \(Layout.schemaCapacity)", "stringsCapacity \(Layout.stringsCapacity)",
        "ps \(Capacity.ps)", "ms \(Capacity.ms)", "gs \(Capacity.gs)", "lrq \(Capacity.lrq)",
        "peaks \(Capacity.peaks)", "peakBits \(Peaks.bucketBits)", "reasons \(WaitReason.capacity)",
        "longestString \(StringTable.longest)", "recordBytes \(Record.bytes)",
      ])
  }

  @Test("gives the schema's grammar as the schema is written: same words to a line, and no other lines")
  func grammarIsDocumented() {
    let grammar = (page.code["4. The schema"] ?? []).map { $0.split(separator: " ") }
    let words = Dictionary(grammar.map { ($0[0], $0.count) }, uniquingKeysWith: max)

    #expect(words.count == 7)
    var used = Set<Substring>()
    for line in Schema.text(for: Layout()).split(separator: "\n") {
      let parts = line.split(separator: " ")
      #expect(words[parts[0]] == parts.count, "\(line)")
      used.insert(parts[0])
    }
    #expect(used == Set(words.keys))
  }

  @Test("gives the bits of a record and of a G's status as the code packs them")
  func bitsAreDocumented() {
    let record = page.table("11. Events", startingWith: "Word").map { $0.prefix(3).joined(separator: " ") }
    let status = page.table("Block g", startingWith: "Bits").map { $0[0] }

    // RecordTests and WordTests pin the same bits in the code.
    #expect(
      record == [
        "0 0–63 time", "1 0–7 kind", "1 8–15 detail", "1 16–31 m", "1 32–63 count", "2 0–63 g", "3 0–63 arg",
      ])
    #expect(status == ["0–7", "8–15", "16–23", "32–63"])
  }
}
