// The part that channels of all types share, and that their inlinable functions call. ChannelCore.swift says how
// channels work.

/// The part that channels of all types share. See `Channel`. Thread-safe; from Gs only.
public class AnyChannel: @unchecked Sendable {
  // Safe because: the core guards its own state.
  let core: ChannelCore

  init(capacity: Int, size: Int, stride: Int, alignment: Int, isTrivial: Bool) {
    core = ChannelCore(
      capacity: capacity, size: size, stride: stride, alignment: alignment, isTrivial: isTrivial)
    core.setOwner(self)
  }

  deinit { core.free() }

  /// Closes the channel. Values in it can still be received; waiting receivers get nil. To close it twice, or while a G
  /// waits to send, ends the process.
  public final func close() { core.close() }

  @usableFromInline
  final func send(from element: UnsafeMutableRawPointer) { unsafe core.send(from: element) }

  /// Sends the value at `element`. True when a receiver or the buffer took it; false: the scope was cancelled first.
  @usableFromInline
  final func sendOrCancelled(from element: UnsafeMutableRawPointer) -> Bool {
    unsafe core.sendOrCancelled(from: element)
  }

  /// Receives a value into `room`. True when there was one; false: the channel is closed and empty.
  @usableFromInline
  final func receive(into room: UnsafeMutableRawPointer) -> Bool { unsafe core.receive(into: room) }

  /// Receives a value into `room`. True when there was one; false: the channel is closed and empty; nil: the scope was
  /// cancelled first.
  @usableFromInline
  final func receiveOrCancelled(into room: UnsafeMutableRawPointer) -> Bool? {
    unsafe core.receiveOrCancelled(into: room)
  }

  // MARK: what the element's type knows

  func copyElement(_ from: UnsafeRawPointer, to: UnsafeMutableRawPointer) { fatal("a channel of nothing") }
  func moveElement(_ from: UnsafeMutableRawPointer, to: UnsafeMutableRawPointer) {
    fatal("a channel of nothing")
  }
  func destroyElement(_ element: UnsafeMutableRawPointer) { fatal("a channel of nothing") }
}
