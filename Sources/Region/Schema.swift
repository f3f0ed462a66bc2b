// The schema: a text in the region that says where everything lies. By it a reader of another version, or in another
// language, finds fields by name, without this source code.
//
//     mpg-region 1
//     block NAME OFFSET STRIDE COUNT                      bytes, bytes, blocks
//     field BLOCK NAME OFFSET COUNT KIND UNIT             bytes within the block, words
//     enum NAME VALUE CASE
//     ring NAME OFFSET STRIDE COUNT RECORDS               bytes, bytes, rings, records in each
//     area NAME OFFSET BYTES                              the string table
//     event VALUE NAME G DETAIL COUNT ARG                 what a record's parts mean
//
// Each line is one item, with one blank between words. Readers skip lines that they do not know, so new kinds of lines
// can be added.

/// Writes the schema of a layout as text.
public enum Schema {
  public static func text(for layout: Layout) -> String {
    var lines = ["mpg-region \(Layout.version)"]
    func block<Field: RegionField>(_ type: Field.Type, count: Int) {
      lines.append(
        "block \(Field.block) \(layout.start(of: Field.block)) \(Field.stride * 8) \(count)")
      for field in Field.allCases {
        let spec = field.spec
        lines.append(
          "field \(Field.block) \(field.name) \(field.rawValue * 8) \(spec.count) \(spec.kind.name) \(spec.unit)"
        )
      }
    }
    block(HeaderField.self, count: 1)
    block(SchedField.self, count: 1)
    block(PField.self, count: Capacity.ps)
    block(StealField.self, count: Capacity.ps * Capacity.ps)
    block(MField.self, count: Capacity.ms)
    block(LaneField.self, count: Capacity.ps + Capacity.ms)
    block(GField.self, count: Capacity.gs)
    lines += rings(layout) + enums() + events()
    return lines.joined(separator: "\n") + "\n"
  }

  private static func rings(_ layout: Layout) -> [String] {
    let pBytes = layout.pRingRecords * Record.bytes
    let mBytes = layout.mRingRecords * Record.bytes
    return [
      "ring p \(layout.pRings) \(pBytes) \(Capacity.ps) \(layout.pRingRecords)",
      "ring m \(layout.mRings) \(mBytes) \(Capacity.ms) \(layout.mRingRecords)",
      "area strings \(layout.strings) \(Layout.stringsCapacity)",
    ]
  }

  private static func enums() -> [String] {
    func list<E: CaseIterable & RawRepresentable>(_ type: E.Type) -> [String]
    where E.RawValue == UInt8 {
      E.allCases.map { "enum \(E.self) \($0.rawValue) \($0)" }
    }
    return list(GState.self) + list(WaitReason.self) + list(MState.self) + list(PStatus.self)
      + list(GKind.self) + list(ProcessState.self) + list(BootStep.self)
      + list(NetpollKind.self) + list(Shortage.self) + list(RunSource.self) + list(RuleNumber.self)
      + list(Pacing.self)
  }

  private static func events() -> [String] {
    EventKind.allCases.map { "event \($0.rawValue) \($0) \($0.meaning)" }
  }
}
