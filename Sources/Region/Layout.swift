// The layout: where each array of blocks lies in the file. Pure arithmetic, which only the writer uses: readers take all
// offsets from the schema (Schema.swift).
//
//     header │ schema text │ strings │ sched │ P… │ steal matrix │ M… │ lanes… │ G table… │ P rings… │ M rings…
//
// Every array is as long as its capacity, but the file is sparse: only the parts in use take memory. The writer allocates
// each part (`fallocate`) before it touches it. Without that call, a full tmpfs would kill the process by SIGBUS; with it,
// the call returns an error.

/// Offsets and sizes in bytes. Every array starts at a multiple of 4 KiB. The G table and the P rings behind it start at a
/// multiple of 64 KiB, the largest page size, because the writer may map other memory over whole pages of the G table's end.
public struct Layout: Sendable, Equatable {
  /// Layout version; see `HeaderField.version`.
  public static let version: UInt64 = 1
  /// "MPGREGN1", read as a little-endian word.
  public static let magic: UInt64 = 0x314e_4745_5247_504d
  public static let byteOrder: UInt64 = 0x0102_0304_0506_0708
  public static let page = 4096
  static let largestPage = 64 * 1024
  /// The room for the schema text, in bytes.
  public static let schemaCapacity = 16 * 1024
  /// The room for the interned strings, in bytes.
  public static let stringsCapacity = 256 * 1024

  /// How many records fit into each P's ring: a power of two.
  public let pRingRecords: Int
  /// How many records fit into each M's ring: a power of two.
  public let mRingRecords: Int

  public let schema, strings, sched, p, steal, m, lane, g, pRings, mRings, end: Int

  /// A P's ring of 131,072 records takes 4 MiB, an M's ring of 4,096 records 128 KiB. An M's ring must not be much smaller,
  /// since the netpoll thread, which is an M without a P, readies Gs by the thousand.
  public init(pRingRecords: Int = 131_072, mRingRecords: Int = 4096) {
    self.pRingRecords = pRingRecords
    self.mRingRecords = mRingRecords
    var next = 0
    func place(_ bytes: Int, on page: Int = Self.page) -> Int {
      let start = (next + page - 1) / page * page
      next = start + bytes
      return start
    }
    _ = place(HeaderField.stride * 8)
    schema = place(Self.schemaCapacity)
    strings = place(Self.stringsCapacity)
    sched = place(SchedField.stride * 8)
    p = place(Capacity.ps * PField.stride * 8)
    steal = place(Capacity.ps * Capacity.ps * StealField.stride * 8)
    m = place(Capacity.ms * MField.stride * 8)
    lane = place((Capacity.ps + Capacity.ms) * LaneField.stride * 8)
    g = place(Capacity.gs * GField.stride * 8, on: Self.largestPage)
    pRings = place(Capacity.ps * pRingRecords * Record.bytes, on: Self.largestPage)
    mRings = place(Capacity.ms * mRingRecords * Record.bytes)
    end = (next + Self.page - 1) / Self.page * Self.page
  }

  /// The byte at which the block of `Field` with this index starts.
  public func offset<Field: RegionField>(of _: Field.Type, _ index: Int) -> Int {
    start(of: Field.block) + index * Field.stride * 8
  }

  public func pRing(_ p: Int) -> Int { pRings + p * pRingRecords * Record.bytes }
  public func mRing(_ m: Int) -> Int { mRings + m * mRingRecords * Record.bytes }

  /// The byte at which the array of the named blocks starts.
  func start(of block: String) -> Int {
    switch block {
    case HeaderField.block: 0
    case SchedField.block: sched
    case PField.block: p
    case StealField.block: steal
    case MField.block: m
    case LaneField.block: lane
    case GField.block: g
    default: preconditionFailure("no block '\(block)'")
    }
  }
}
