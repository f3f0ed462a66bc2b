// The table of Gs: one row for each live G that the region lists.
import Host
import Observed
import Region

/// Reads the table of Gs in a region.
struct GoroutineTable {
  private static let fields: [GField] = [
    .id, .status, .since, .entry, .parent, .p, .waitingOn, .created,
  ]

  private let blocks: Blocks<GField>
  private let sched: Blocks<SchedField>
  private let states: [GState?]
  private let reasons: [WaitReason?]
  private let kinds: [GKind?]

  /// Finds the table by the schema; nil: the target lists no Gs, or not in a form that this build
  /// understands.
  init?(_ schema: RegionSchema, _ mapping: Mapping, reasons: [WaitReason?]) {
    do throws(LayoutProblem) {
      blocks = try Blocks(schema, mapping, needed: Self.fields)
      sched = try Blocks(schema, mapping, needed: [.gSlots, .gListed])
      states = try schema.table(of: GState.self)
      kinds = try schema.table(of: GKind.self)
    } catch {
      return nil
    }
    self.reasons = reasons
  }

  /// The number of slots that are in use and have memory in the region.
  var slots: Int {
    Int(clamping: min(sched.value(.gSlots), sched.value(.gListed), UInt64(blocks.count)))
  }

  /// Reads at most `limit` live Gs from the beginning of the table. Each row is of one instant; the table as a whole is
  /// not.
  func read(limit: Int) -> [GoroutineRow] {
    var rows: [GoroutineRow] = []
    for slot in 0..<slots where rows.count < limit {
      if let row = row(slot) { rows.append(row) }
    }
    return rows
  }

  /// Reads the live Gs in a range of slots. Slots that are not in use are skipped.
  func read(slots range: Range<Int>) -> [GoroutineRow] {
    range.clamped(to: 0..<slots).compactMap(row)
  }

  /// How often a row is read at most, until it does not change during a reading.
  private static let tries = 20

  private func row(_ slot: Int) -> GoroutineRow? {
    for _ in 0..<Self.tries {
      let id = blocks.value(.id, of: slot)
      let status = GStatus(word: blocks.value(.status, of: slot))
      guard id != 0, let state = states[Int(status.word & 0xff)], state != .idle, state != .dead else {
        return nil
      }
      var row = GoroutineRow(id: id, state: state)
      row.reason = state == .waiting ? reasons[Int(status.rawReason)] ?? .none : .none
      row.kind = kinds[Int(status.word >> 16 & 0xff)] ?? .user
      row.since = blocks.value(.since, of: slot)
      row.entry = blocks.value(.entry, of: slot)
      row.parent = blocks.value(.parent, of: slot)
      row.p = blocks.value(.p, of: slot)
      row.waitingOn = state == .waiting ? blocks.value(.waitingOn, of: slot) : 0
      row.created = blocks.value(.created, of: slot)
      // Acquiring loads keep their order. So if both words are unchanged, the row is of one instant.
      if blocks.value(.id, of: slot) == id, blocks.value(.status, of: slot) == status.word { return row }
    }
    return nil
  }
}
