// Channels, the part that knows what they carry. How they work: ChannelCore.swift.
//
// The functions that are called all the time are inlinable, so that a program that sends integers moves integers; all
// that they do is to lend memory for one element. The rest is not, and asks the element's type how it is copied.

/// A channel of `Element`s. With capacity 0 a send waits for its receiver; else up to `capacity` values wait in it.
///
/// Thread-safe; all functions must be called from a G, and park that G, never the thread. As a sequence it yields
/// what it receives until it is closed and empty; several Gs may iterate, each gets what the others do not.
@safe
public final class Channel<Element: Sendable>: AnyChannel, @unchecked Sendable, Sequence, IteratorProtocol {
  // Safe because: it adds no state.

  /// - Parameter capacity: values that may wait in the channel; not negative.
  public init(capacity: Int = 0) {
    precondition(capacity >= 0, "a channel's capacity is not negative")
    super.init(
      capacity: capacity, size: MemoryLayout<Element>.size, stride: MemoryLayout<Element>.stride,
      alignment: MemoryLayout<Element>.alignment, isTrivial: _isPOD(Element.self))
  }

  deinit { core.destroyAll() }

  /// Sends `value`; parks the G until a receiver or the buffer has it. A send on a closed channel ends the process.
  @inlinable
  public func send(_ value: Element) {
    var value = value
    unsafe withUnsafeMutablePointer(to: &value) { unsafe send(from: $0) }
  }

  /// Sends `value`, unless the G's scope is cancelled before it is taken.
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

  /// Receives the next value, unless the G's scope is cancelled first. nil when the channel is closed and empty.
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

  /// The next value; nil when the channel is closed and empty.
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
