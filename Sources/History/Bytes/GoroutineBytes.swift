// The table of Gs as bytes, as history keeps it beside a keyframe.
import Observed
import Region

extension GoroutineList {
  /// The bit of a row's status that says that its `since` is only the latest moment that is possible.
  fileprivate static let older: UInt64 = 1 << 15

  package var bytes: [UInt8] {
    var out = ByteWriter()
    out.number(isCut ? 1 as UInt64 : 0)
    var last = GoroutineRow()
    for row in rows {
      out.number(zigzag(Int64(bitPattern: row.id &- last.id)))
      let status =
        UInt64(row.state.rawValue) | UInt64(row.reason.rawValue) << 3 | UInt64(row.kind.rawValue) << 8
        | (row.isOlder ? Self.older : 0)
      out.number(status)
      out.number(zigzag(Int64(bitPattern: row.since &- last.since)))
      out.number(row.since &- row.created)
      for value in [row.entry, row.parent, row.p, row.waitingOn] { out.number(value) }
      last = row
    }
    return out.bytes
  }

  /// Reads a table of Gs; nil: the bytes are not those of one.
  package init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard let cut = reader.number() else { return nil }
    self.init(rows: [], isCut: cut != 0)
    var last = GoroutineRow()
    while !reader.isAtEnd {
      guard rows.count < Self.most, let row = GoroutineRow(from: &reader, after: last) else { return nil }
      rows.append(row)
      last = row
    }
  }
}

extension GoroutineRow {
  fileprivate init?(from reader: inout ByteReader, after last: GoroutineRow) {
    guard let id = reader.number(), let status = reader.number(upTo: 0xffff), let since = reader.number(),
      let age = reader.number(), let entry = reader.number(), let parent = reader.number(),
      let p = reader.number(), let waitingOn = reader.number(),
      let state = GState(rawValue: UInt8(status & 7))
    else { return nil }
    self.init()
    self.id = last.id &+ UInt64(bitPattern: unzigzag(id))
    (self.state, reason) = (state, WaitReason(rawValue: UInt8(status >> 3 & 31)) ?? .none)
    kind = GKind(rawValue: UInt8(status >> 8 & 0x7f)) ?? .user
    isOlder = UInt64(status) & GoroutineList.older != 0
    self.since = last.since &+ UInt64(bitPattern: unzigzag(since))
    created = self.since &- age
    (self.entry, self.parent, self.p, self.waitingOn) = (entry, parent, p, waitingOn)
  }
}
