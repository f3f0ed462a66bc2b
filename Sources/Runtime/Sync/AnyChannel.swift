// What channels of all types have in common, and what their inlinable functions call. How they work: ChannelCore.swift.

/// What channels have in common, whatever they carry. See `Channel`.
public class AnyChannel: @unchecked Sendable {
  // Safe because: the core takes care of itself.
  let core: ChannelCore

  init(capacity: Int, size: Int, stride: Int, alignment: Int, isTrivial: Bool) {
    core = ChannelCore(
      capacity: capacity, size: size, stride: stride, alignment: alignment, isTrivial: isTrivial)
    core.setOwner(self)
  }

  deinit { core.free() }

  /// Closes the channel: what is in it can still be received; waiting receivers get nil. To close twice, or while
  /// somebody sends, ends the process.
  public final func close() { core.close() }

  @usableFromInline
  final func send(from element: UnsafeMutableRawPointer) { unsafe core.send(from: element) }

  /// Whether somebody or the buffer took the value; false: the scope was cancelled first.
  @usableFromInline
  final func sendOrCancelled(from element: UnsafeMutableRawPointer) -> Bool {
    unsafe core.sendOrCancelled(from: element)
  }

  /// Whether there was a value.
  @usableFromInline
  final func receive(into room: UnsafeMutableRawPointer) -> Bool { unsafe core.receive(into: room) }

  /// Whether there was a value; nil: the scope was cancelled first.
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
