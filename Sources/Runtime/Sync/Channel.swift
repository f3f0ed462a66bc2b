// Channels, the part that knows the element's type. ChannelCore.swift says how they work.
//
// The functions that programs call all the time are inlinable, so that a program that sends integers moves integers.
// They only lend memory for one element. The rest is not inlinable, and asks the element's type how to copy it.

/// A channel of `Element`s. With capacity 0 a send waits for its receiver; otherwise up to `capacity` values wait in
/// it.
///
/// Thread-safe. All functions must be called from a G; they park that G, never the thread. As a sequence it yields the
/// values that it receives until it is closed and empty. When several Gs iterate, each value goes to one of them.
@safe
public final class Channel<Element: Sendable>: AnyChannel, @unchecked Sendable, Sequence, IteratorProtocol {
  // Safe because: this class adds no state.

  /// - Parameter capacity: how many values may wait in the channel; not negative.
  public init(capacity: Int = 0) {
    precondition(capacity >= 0, "a channel's capacity is not negative")
    super.init(
      capacity: capacity, size: MemoryLayout<Element>.size, stride: MemoryLayout<Element>.stride,
      alignment: MemoryLayout<Element>.alignment, isTrivial: _isPOD(Element.self))
  }

  deinit { core.destroyAll() }

  /// Sends `value`; parks the G until a receiver or the buffer takes it. A send on a closed channel ends the process.
  @inlinable
  public func send(_ value: Element) {
    var value = value
    unsafe withUnsafeMutablePointer(to: &value) { unsafe send(from: $0) }
  }

  /// As `send`, but ends when the G's scope is cancelled.
  /// - Throws: `CancellationError` when the scope was cancelled first. Then no receiver and no buffer has taken the
  ///   value.
  @inlinable
  public func sendOrCancelled(_ value: Element) throws(CancellationError) {
    var value = value
    let isSent = unsafe withUnsafeMutablePointer(to: &value) { unsafe sendOrCancelled(from: $0) }
    if !isSent { throw CancellationError() }
  }

  /// Receives the next value; parks the G until there is one. nil when the channel is closed and empty.
  @inlinable
  public func receive() -> Element? {
    unsafe withUnsafeTemporaryAllocation(of: Element.self, capacity: 1) { room in
      unsafe receive(into: UnsafeMutableRawPointer(room.baseAddress.unsafelyUnwrapped))
        ? room.moveElement(from: 0) : nil
    }
  }

  /// As `receive`, but ends when the G's scope is cancelled.
  /// - Throws: `CancellationError` when the scope was cancelled first. Then it has taken no value.
  @inlinable
  public func receiveOrCancelled() throws(CancellationError) -> Element? {
    let value: Element?? = unsafe withUnsafeTemporaryAllocation(of: Element.self, capacity: 1) { room in
      guard
        let isThere = unsafe receiveOrCancelled(
          into: UnsafeMutableRawPointer(room.baseAddress.unsafelyUnwrapped))
      else { return nil }
      return .some(isThere ? unsafe room.moveElement(from: 0) : nil)
    }
    guard let value else { throw CancellationError() }
    return value
  }

  /// Receives the next value, as `receive` does; nil when the channel is closed and empty.
  @inlinable
  public func next() -> Element? { receive() }

  // MARK: what the element's type knows

  override func copyElement(_ from: UnsafeRawPointer, to: UnsafeMutableRawPointer) {
    unsafe to.assumingMemoryBound(to: Element.self)
      .initialize(from: from.assumingMemoryBound(to: Element.self), count: 1)
  }

  override func moveElement(_ from: UnsafeMutableRawPointer, to: UnsafeMutableRawPointer) {
    unsafe to.assumingMemoryBound(to: Element.self)
      .moveInitialize(from: from.assumingMemoryBound(to: Element.self), count: 1)
  }

  override func destroyElement(_ element: UnsafeMutableRawPointer) {
    unsafe element.assumingMemoryBound(to: Element.self).deinitialize(count: 1)
  }
}
