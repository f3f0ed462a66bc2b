// Select: waits for several channels, a time-out and a cancellation at once, and carries out one of them.
//
// §1 The shape. The program lists its cases in a closure, each with what to do if it is chosen. The closure runs twice:
// once to list the cases, and once more, after one was chosen, to reach that case and do it. So the cases' closures
// need not outlive their call, and nothing is allocated for them. What to send, and to which channel, is evaluated only
// the first time. Both times the closure must list the same cases.
//
// §2 How a case is chosen: SelectFrame.swift.

/// Lists the cases of a `select`. It exists only while the closure runs.
public struct Select<Result>: ~Copyable {
  @usableFromInline let frame: SelectFrame
  /// The number of the chosen case; nil: the cases are being listed.
  @usableFromInline let winner: UInt32?
  /// The number of the next case.
  @usableFromInline var next: UInt32 = 0
  @usableFromInline var result: Result?

  @inlinable
  init(_ frame: SelectFrame, winner: UInt32?) { (self.frame, self.winner) = (frame, winner) }

  /// A case for when there is a value to receive, or the channel is closed and empty (nil).
  @inlinable
  public mutating func receive<Element, Failure: Error>(
    from channel: @autoclosure () -> Channel<Element>, _ body: (Element?) throws(Failure) -> Result
  ) throws(Failure) {
    let number = take()
    guard let winner else {
      let layout = MemoryLayout<Element>.self
      unsafe _ = frame.add(
        number, sends: false, channel(), size: layout.size, alignment: layout.alignment,
        ObjectIdentifier(Element.self))
      return
    }
    guard winner == number else { return }
    let value = unsafe frame.takeReceived(number, ObjectIdentifier(Element.self))
    result = try body(unsafe value.map { unsafe $0.assumingMemoryBound(to: Element.self).move() })
  }

  /// A case for when a receiver or the buffer takes `value`. A send on a closed channel ends the process.
  @inlinable
  public mutating func send<Element, Failure: Error>(
    _ value: @autoclosure () -> Element, to channel: @autoclosure () -> Channel<Element>,
    _ body: () throws(Failure) -> Result
  ) throws(Failure) {
    let number = take()
    guard let winner else {
      let layout = MemoryLayout<Element>.self
      let (channel, value) = (channel(), value())
      unsafe frame.add(
        number, sends: true, channel, size: layout.size, alignment: layout.alignment,
        ObjectIdentifier(Element.self)
      ).initializeMemory(as: Element.self, to: value)
      return
    }
    if winner == number { result = try body() }
  }

  /// A case for when no other case could be chosen for `delay`. Of several delays the shortest counts.
  @inlinable
  public mutating func after<Failure: Error>(
    _ delay: @autoclosure () -> Duration, _ body: () throws(Failure) -> Result
  ) throws(Failure) {
    let number = take()
    guard let winner else { return frame.addDelay(number, delay()) }
    if winner == number { result = try body() }
  }

  /// A case for when the running G's scope is cancelled. It is chosen before all other cases.
  @inlinable
  public mutating func cancelled<Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) {
    let number = take()
    guard let winner else { return frame.addCancellation(number) }
    if winner == number { result = try body() }
  }

  /// A case for when no other case can be chosen at once.
  @inlinable
  public mutating func otherwise<Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) {
    let number = take()
    guard let winner else { return frame.addOtherwise(number) }
    if winner == number { result = try body() }
  }

  @inlinable
  mutating func take() -> UInt32 {
    defer { next += 1 }
    return next
  }
}

/// Waits until one of the cases that `cases` lists can be chosen, does it, and returns its result.
///
/// ```swift
/// select {
///   $0.receive(from: orders) { order in print("an order:", order ?? "none will come") }
///   $0.send("all is well", to: reports) { print("reported") }
///   $0.after(.seconds(1)) { print("quiet") }
/// }
/// ```
/// When several cases are possible, one is chosen at random. When none is, `select` takes `otherwise`, or else parks
/// the G until one is. If `cases` lists nothing, it parks the G for ever. `cases` runs twice, once to list the cases
/// and once to do the chosen one, and must list the same cases both times. Must be called from a G.
@inlinable
public func select<Result, Failure: Error>(
  _ cases: (inout Select<Result>) throws(Failure) -> Void
) throws(Failure) -> Result {
  // The library of Swift 6.2 does not pass on the type of what a body throws here.
  let outcome: Swift.Result<Result, Failure> = unsafe withUnsafeTemporaryAllocation(
    byteCount: SelectFrame.bytes, alignment: 16
  ) { memory in
    let frame = unsafe SelectFrame(in: memory)
    defer { frame.end() }
    do throws(Failure) {
      var listing = Select<Result>(frame, winner: nil)
      try cases(&listing)
      var doing = Select<Result>(frame, winner: frame.choose())
      try cases(&doing)
      guard let result = doing.result else { frame.nothingDone() }
      return .success(result)
    } catch {
      return .failure(error)
    }
  }
  return try outcome.get()
}
