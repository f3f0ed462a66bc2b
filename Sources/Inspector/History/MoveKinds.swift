// Which events are moves of Gs: each goes with exactly one increment of one counter of the same lane.
internal import Region

enum MoveKinds {
  private static let mask = RecordMemory.mask([
    .goCreate, .goStart, .goPark, .goReady, .goYield, .goExit, .goPreempt, .goResume, .goSyscall,
    .goSyscallExit,
  ])

  /// 1 for a move, 0 for anything else.
  @inline(__always)
  static func count(_ record: Record) -> UInt64 { mask >> (record.what & 0xff) & 1 }

  static func count(_ records: ArraySlice<Record>) -> UInt64 { records.reduce(0) { $0 &+ count($1) } }
}
