// The reading half of the codec. RecordCodec.swift says what the bytes are, and why.
import Region

/// Unpacks blocks. Whatever the bytes are, it never traps, and returns no more records than there are bytes for.
package final class RecordDecoder {
  private let memory = RecordMemory()
  private var shapes: [RecordShape] = []

  package init() {

  }

  /// Appends the records of a block that begins at `time` to `records`.
  ///
  /// - Returns: whether all `count` records were there, and nothing behind them.
  package func decode(_ bytes: [UInt8], count: Int, from time: UInt64, into records: inout [Record]) -> Bool {
    memory.reset()
    var now = RecordMoment(at: time)
    shapes.removeAll(keepingCapacity: true)
    guard count >= 0, count <= bytes.count / 2 else { return false }  // a record is two bytes at least
    records.reserveCapacity(records.count + count)
    var next = 0
    for _ in 0..<count {
      guard let record = record(bytes, &next, &now) else { return false }
      records.append(record)
    }
    return next == bytes.count
  }

  @inline(__always)
  private func record(_ bytes: [UInt8], _ next: inout Int, _ now: inout RecordMoment) -> Record? {
    guard let shape = shape(bytes, &next), let argMode = shape.arg,
      let elapsed = Self.number(bytes, &next)
    else { return nil }
    let time = shape.isBack ? now.time &- elapsed : now.time &+ elapsed
    var m = now.m
    if shape.isOtherM {
      guard let told = Self.number(bytes, &next), told <= UInt64(UInt16.max) else { return nil }
      m = UInt16(told)
    }
    guard let g = g(shape.g, now, bytes, &next) else { return nil }
    let seen = g == 0 ? RecordMemory.Seen() : memory.seen(g)
    guard let count = count(shape, seen, bytes, &next),
      let arg = arg(argMode, shape.kind, time, now.running, seen, bytes, &next)
    else { return nil }
    let what = shape.kindAndDetail | UInt64(m) << 16 | UInt64(count) << 32
    let record = Record(time: time, what: what, g: g, arg: arg)
    memory.note(record, seen: seen, &now)
    return record
  }

  @inline(__always)
  private func shape(_ bytes: [UInt8], _ next: inout Int) -> RecordShape? {
    guard next < bytes.count else { return nil }
    let number = Int(bytes[next])
    next += 1
    if number < RecordShape.most { return number < shapes.count ? shapes[number] : nil }
    guard bytes.count - next >= 4 else { return nil }
    var word: UInt32 = 0
    for byte in 0..<4 { word |= UInt32(bytes[next + byte]) << UInt32(8 * byte) }
    next += 4
    if shapes.count < RecordShape.most { shapes.append(RecordShape(word: word)) }
    return RecordShape(word: word)
  }

  @inline(__always)
  private func g(_ mode: RecordShape.G, _ now: RecordMoment, _ bytes: [UInt8], _ next: inout Int) -> UInt64? {
    switch mode {
    case .none: return 0
    case .running: return now.running
    case .last: return now.g
    case .told:
      guard let difference = Self.number(bytes, &next) else { return nil }
      return now.g &+ UInt64(bitPattern: unzigzag(difference))
    }
  }

  @inline(__always)
  private func count(
    _ shape: RecordShape, _ seen: RecordMemory.Seen, _ bytes: [UInt8], _ next: inout Int
  ) -> UInt32? {
    switch shape.count {
    case .none: return 0
    case .next: return seen.count &+ 1
    case .same: return memory.last(shape.kind).count
    case .told: return Self.number(bytes, &next).flatMap { UInt32(exactly: $0) }
    }
  }

  @inline(__always)
  private func arg(
    _ mode: RecordShape.Arg, _ kind: UInt8, _ time: UInt64, _ running: UInt64, _ seen: RecordMemory.Seen,
    _ bytes: [UInt8], _ next: inout Int
  ) -> UInt64? {
    switch mode {
    case .none: return 0
    case .wait: return time &- seen.time
    case .running: return running
    case .same: return memory.last(kind).arg
    case .place: return seen.waitingOn
    case .told: return Self.number(bytes, &next)
    case .placed: return Self.place(bytes, &next)
    case .runningPlaced: return Self.place(bytes, &next).map { running & Place.gMask | $0 }
    case .runningPlacedSame: return running & Place.gMask | memory.last(kind).arg & ~Place.gMask
    }
  }

  private static func place(_ bytes: [UInt8], _ next: inout Int) -> UInt64? {
    guard let bits = number(bytes, &next), bits >> (64 - RecordMemory.placeShift) == 0 else { return nil }
    return bits << RecordMemory.placeShift
  }

  @inline(__always)
  private static func number(_ bytes: [UInt8], _ next: inout Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while next < bytes.count {
      let byte = bytes[next]
      next += 1
      if shift == 63, byte > 1 { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift > 63 { return nil }
    }
    return nil
  }
}
