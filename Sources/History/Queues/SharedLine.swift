// The GRQ, rebuilt from events. Many threads put Gs there, and its two lines are taken from in different ways
// (GlobalRunQueue of the runtime), so its order needs more care than that of an LRQ.
//
// §1 One line has the *worn* Gs, whose time slice was over when they were put there; the other has all others, the
// *fresh* Gs. Fresh Gs leave in batches of any size, in order; worn ones one by one. So the order of the worn line
// never matters here: each of its Gs is named when it leaves.
//
// §2 A thread writes the record of a spill under the scheduler's lock, just before its Gs go on the line. Any other
// thread that puts a G there writes the record first, and takes the lock afterwards. Until that thread writes a record of
// something that it does later, its G is *open*: the G may stand before or behind the Gs that other threads put there
// meanwhile. The open Gs and those other Gs are *loose*. If a batch has a loose G, the whole fresh line becomes unnamed.
//
// §3 The record of a spill tells how many Gs stand on the GRQ after it. By the records a G is there from before it is put
// there until after it was taken. So if the records count just as many Gs, no G was on its way at that moment, and no G
// is open any more.
//
// §4 A G that comes out of a system call is fresh, but if sysmon found its thread asleep in the kernel it may be worn.
// The records show that case: such a thread lets go of its P while it is in the call.
import Observed
import Region

/// The Gs on the GRQ, in the order of the records that put them there.
struct SharedLine: Equatable, Sendable {
  private struct Fresh: Equatable, Sendable {
    /// The G's id; 0: it is not known which G this is.
    var g: UInt64
    /// Whether the G may be worn all the same (§4).
    var mayBeWorn = false
    /// The M that put the G there, while the G is open (§2); nil: it is not open.
    var opener: UInt16?
    var isLoose = false
  }

  private struct Open: Equatable, Sendable {
    var count = 0
    var time: UInt64 = 0
  }

  private var fresh = Line<Fresh>()
  private var worn = Line<UInt64>()
  /// How many Gs are open, by the M that put them there, and the time of that M's record of the last one.
  private var open: [UInt16: Open] = [:]
  /// Ms in system calls, and whether they let go of their P there. An M whose entry was not seen is missing.
  private var calls: [UInt16: Bool] = [:]

  /// A G that is taken stands near the head of its line. So no search goes on for longer than this.
  private static let reach = 1024

  init(unnamed count: Int = 0) {
    fresh = Line(repeatElement(Fresh(g: 0, mayBeWorn: true), count: count))
  }

  var count: Int { fresh.count + worn.count }

  var contents: [QueueContents.Shared] {
    func name(_ g: UInt64) -> UInt64? { g == 0 ? nil : g }
    return fresh.elements.map { QueueContents.Shared(g: name($0.g), isWorn: $0.mayBeWorn ? nil : false) }
      + worn.elements.map { QueueContents.Shared(g: name($0), isWorn: true) }
  }

  // MARK: system calls (§4)

  mutating func enterCall(_ m: UInt16) { calls[m] = false }
  mutating func letGo(_ m: UInt16) { if calls[m] != nil { calls[m] = true } }
  mutating func leaveCall(_ m: UInt16) { calls[m] = nil }

  // MARK: putting

  /// Notes that an M has written a record. If the M did so after it put its open Gs on the line, they are not open any
  /// more.
  ///
  /// A start has the time of the stop before it. So a record with the same time as the last open G's record may be from
  /// before that G stood on the line, and does not count.
  mutating func close(_ record: Record, _ kind: EventKind) {
    let m = record.m
    guard !open.isEmpty, let its = open[m], !Self.comesFirst(kind), record.time > its.time else { return }
    open[m] = nil
    var left = its.count
    changeLast { slot in
      guard slot.opener == m else { return left > 0 }
      slot.opener = nil
      left -= 1
      return left > 0
    }
  }

  /// Whether a thread may write a record of this kind after the record of a G that it readied and before it takes the
  /// lock: records of other Gs that it readies together with that G, and of the poll or the timers that readied them.
  private static func comesFirst(_ kind: EventKind) -> Bool {
    switch kind {
    case .goCreate, .goReady, .netpoll, .netpollLate, .timers, .timerLate, .takeUp: true
    default: false
    }
  }

  /// Changes the Gs of the fresh line, the last one first, until `change` returns false.
  private mutating func changeLast(_ change: (inout Fresh) -> Bool) {
    for place in stride(from: fresh.count - 1, through: 0, by: -1) where !change(&fresh[place]) { return }
  }

  mutating func put(_ record: Record, isWorn: Bool) {
    guard count < plausible else { return }
    if isWorn { return worn.append(record.g) }
    let mayBeWorn = record.kind == .goSyscallExit && calls[record.m] != false
    let isLoose = loosen(for: record.m)
    fresh.append(Fresh(g: record.g, mayBeWorn: mayBeWorn, opener: record.m, isLoose: isLoose))
    open[record.m, default: Open()].count += 1
    open[record.m]?.time = record.time
  }

  /// Puts Gs on the line, without their names, that had been on no queue because there was no stack for them.
  mutating func putUnnamed(_ gs: Int) {
    for _ in 0..<min(gs, plausible - min(plausible, count)) { fresh.append(Fresh(g: 0, mayBeWorn: true)) }
  }

  /// Puts Gs on the line, all at once and at this moment.
  ///
  /// - Parameters:
  ///   - m: the M that puts them there.
  ///   - depth: how many Gs stand on the GRQ then, according to the record; nil: it does not say.
  mutating func putBatch(_ gs: [UInt64], of m: UInt16, depth: UInt64? = nil) {
    guard count < plausible else { return }
    if depth == UInt64(count + gs.count) { closeAll() }
    let isLoose = loosen(for: m)
    for g in gs { fresh.append(Fresh(g: g, isLoose: isLoose)) }
  }

  private mutating func closeAll() {
    var left = open.values.reduce(0) { $0 + $1.count }
    open = [:]
    guard left > 0 else { return }
    changeLast { slot in
      if slot.opener != nil { left -= 1 }
      slot.opener = nil
      return left > 0
    }
  }

  /// If other Ms than `m` have open Gs (§2), marks all open Gs as loose, because `m` puts Gs on the line meanwhile.
  /// Returns whether other Ms have open Gs; then the caller must mark the Gs that `m` puts on the line as loose, too.
  private mutating func loosen(for m: UInt16) -> Bool {
    guard open.contains(where: { $0.key != m }) else { return false }
    var left = open.values.reduce(0) { $0 + $1.count }
    changeLast { slot in
      guard slot.opener != nil else { return true }
      slot.isLoose = true
      left -= 1
      return left > 0
    }
    return true
  }

  // MARK: taking

  /// Takes a batch, whose first G is `first`, and returns the names of its Gs, as far as they are known.
  mutating func take(_ count: Int, first: UInt64) -> [UInt64] {
    let count = min(count, self.count)
    guard count > 0 else { return [] }
    if count == 1 { return takeOne(first) }
    if first != 0, let taken = takeBatch(count, first) { return taken }
    forget()
    _ = worn.remove(max(0, count - fresh.count))
    for _ in 0..<min(count, fresh.count) { drop(0) }
    return [first] + Array(repeating: 0, count: max(0, count - 1))
  }

  private mutating func takeOne(_ g: UInt64) -> [UInt64] {
    let near = fresh.elements.prefix(Self.reach)
    let place = near.firstIndex { $0.g == g }.map { $0 - near.startIndex }
    if let place, g != 0 {
      drop(place)
    } else if let place = worn.elements.prefix(Self.reach).firstIndex(of: g), g != 0 {
      _ = worn.remove(1, at: place - worn.elements.startIndex)
    } else if let place = near.firstIndex(where: { $0.g == 0 }), g != 0 || count == 1 {
      drop(place - near.startIndex)
    } else {
      takeUnknown()
    }
    return [g]
  }

  /// Takes out a G of which it is not known in which of the two lines it stood. Afterwards all Gs are unnamed, and each
  /// may be fresh or worn.
  private mutating func takeUnknown() {
    forget()
    for _ in 0..<worn.count { fresh.append(Fresh(g: 0, mayBeWorn: true)) }
    fresh.change { $0.mayBeWorn = true }
    worn = Line()
    if !fresh.isEmpty { drop(0) }
  }

  /// Takes fresh Gs, if it is certain which they are: the first ones, in a known order.
  private mutating func takeBatch(_ count: Int, _ first: UInt64) -> [UInt64]? {
    guard count <= fresh.count, fresh[0].g == first else { return nil }
    let batch = fresh.elements.prefix(count)
    guard !batch.contains(where: { $0.isLoose || $0.mayBeWorn }) else { return nil }
    let gs = batch.map(\.g)
    for _ in 0..<count { drop(0) }
    return gs
  }

  private mutating func drop(_ place: Int) {
    if let opener = fresh[place].opener {
      open[opener]?.count -= 1
      if open[opener]?.count == 0 { open[opener] = nil }
    }
    _ = fresh.remove(1, at: place)
  }

  /// Makes all Gs of the fresh line unnamed, because their order is not known any more.
  private mutating func forget() { fresh.change { $0.g = 0 } }
}
