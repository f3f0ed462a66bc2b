// The fields of the runtime's `schedt` by version, for executables without DWARF. Only one global variable has this type, and
// none is ever allocated, so Go keeps no descriptor of it. The DWARF of released versions told each row, and each layout that
// is made with a row is checked against the live scheduler (Validation.swift).

/// Offsets in `schedt` by minor version of Go.
package struct SchedulerTable: FieldSource, Sendable {
  private let row: [String: Int]

  /// The row of a version; nil: there is none.
  package init?(minor: Int) {
    switch minor {
    case 21: row = Self.since21
    case 22...24: row = Self.since22
    case 25: row = Self.since25
    case 26...27: row = Self.since26
    default: return nil
    }
  }

  package func offset(of path: [String], in structure: String) -> Int? {
    structure == "runtime.schedt" ? row[path.joined(separator: ".")] : nil
  }

  private static let since21 = [
    "goidgen": 0, "lastpoll": 8, "midle": 32, "nmidle": 40, "nmidlelocked": 44, "mnext": 48, "maxmcount": 56,
    "nmsys": 60, "nmfreed": 64, "ngsys": 72, "pidle": 80, "npidle": 88, "nmspinning": 92, "runq.head": 104,
    "runqsize": 120, "gcwaiting": 232, "timeToRun": 320, "totalMutexWaitTime": 1624,
  ]
  private static let since22 = since21.merging(["stwTotalTimeGC": 4224, "stwTotalTimeOther": 5520]) { $1 }
  private static let since25 = [
    "goidgen": 0, "lastpoll": 8, "midle": 40, "nmidle": 48, "nmidlelocked": 52, "mnext": 56, "maxmcount": 64,
    "nmsys": 68, "nmfreed": 72, "ngsys": 80, "pidle": 88, "npidle": 96, "nmspinning": 100, "runq.head": 112,
    "runq.size": 128, "gcwaiting": 248, "timeToRun": 344, "totalMutexWaitTime": 1648, "stwTotalTimeGC": 4248,
    "stwTotalTimeOther": 5544,
  ]
  private static let since26 = [
    "goidgen": 0, "lastpoll": 8, "midle": 40, "nmidle": 64, "nmidlelocked": 68, "mnext": 72, "maxmcount": 80,
    "nmsys": 84, "nmfreed": 88, "ngsys": 96, "nGsyscallNoP": 100, "pidle": 104, "npidle": 112,
    "nmspinning": 116,
    "runq.head": 128, "runq.size": 144, "gcwaiting": 264, "timeToRun": 360, "totalMutexWaitTime": 1664,
    "stwTotalTimeGC": 4264, "stwTotalTimeOther": 5560, "goroutinesCreated": 6864,
  ]
}
