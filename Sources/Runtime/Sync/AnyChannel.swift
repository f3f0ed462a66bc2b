// Channels: a value goes from one G to another, at once or through a buffer.
//
// Invariants, under the lock:
//   • Waiting senders exist only while the buffer is full (or there is none) and no receiver waits.
//   • Waiting receivers exist only while the buffer is empty and no sender waits.
//   • Whoever takes a G out of a queue has moved the value for it, or (close) says that there was none: `granted`.
// So values keep their order, and the G that waited longest is served first. ("Waits" as in Claim: a place in a queue
// whose wait was ended from elsewhere is as good as gone.) A G waits with its value, or the room for one, on its own
// stack, which does not move. A value is copied out of a waiting sender, which destroys its own when it goes on.
//
// Source: Go's chan.go.
import Region

/// What comes of an attempt to send or to receive without waiting.
enum ChannelMove {
  /// Not possible now.
  case wait
  /// Nothing to receive, now or ever.
  case closed
  /// Done; the other side's G, if it waited, is the caller's to make ready once it has released the lock.
  case done(ready: G?)
}

/// What changes of a channel. Under its lock.
private struct ChannelState {
  var first = 0
  var count = 0
  var isClosed = false
  var senders = WaitQueue()
  var receivers = WaitQueue()
}

/// What channels have in common, whatever they carry. See `Channel`.
@safe public class AnyChannel: @unchecked Sendable {
  // Safe because: what changes is touched under `lock` alone.
  let lock = Lock()
  private let capacity: Int
  private let size: Int
  private let stride: Int
  private let isTrivial: Bool
  private let state: UnsafeMutablePointer<ChannelState>
  /// Room for `capacity` elements.
  private let buffer: UnsafeMutableRawPointer

  init(capacity: Int, size: Int, stride: Int, alignment: Int, isTrivial: Bool) {
    self.capacity = capacity
    self.size = size
    self.stride = stride
    self.isTrivial = isTrivial
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: ChannelState())
    unsafe buffer = .allocate(byteCount: capacity * stride, alignment: alignment)
  }

  deinit {
    unsafe buffer.deallocate()
    unsafe state.deallocate()
    lock.free()
  }

  /// Closes the channel: what is in it can still be received; waiting receivers get nil. To close twice, or while
  /// somebody sends, ends the process.
  public final func close() {
    let m = enterRuntime("Channel.close")
    lock.lock()
    if unsafe state.pointee.isClosed { fatal("close of a closed channel") }
    unsafe state.pointee.isClosed = true
    var woken = GQueue()
    while let receiver = unsafe state.pointee.receivers.popFirst() { woken.append(receiver.g) }
    while let sender = unsafe state.pointee.senders.popFirst() { woken.append(sender.g) }
    lock.unlock()
    while let g = woken.popFirst() { m.ready(g) }
    leaveRuntime()
  }

  // MARK: blocking

  @usableFromInline
  final func send(from element: UnsafeMutableRawPointer) {
    let m = enterRuntime("Channel.send")
    lock.lock()
    let move = unsafe sendNow(from: element)
    if case .done(let other) = move {
      lock.unlock()
      if let other { m.ready(other) }
    } else {
      unsafe _ = wait(.chanSend, element, m)
    }
    leaveRuntime()
  }

  /// Whether there was a value.
  @usableFromInline
  final func receive(into room: UnsafeMutableRawPointer) -> Bool {
    let m = enterRuntime("Channel.receive")
    lock.lock()
    var isThere = true
    switch unsafe receiveNow(into: room) {
    case .done(let other):
      lock.unlock()
      if let other { m.ready(other) }
    case .closed:
      lock.unlock()
      isThere = false
    case .wait:
      isThere = unsafe wait(.chanReceive, room, m)
    }
    leaveRuntime()
    return isThere
  }

  /// Parks the running G in one of the queues, with its value or the room for one at `element`. Under the lock, which
  /// the park releases. Whether there was a value for a receiver; for a sender always.
  private final func wait(_ reason: WaitReason, _ element: UnsafeMutableRawPointer, _ m: M) -> Bool {
    guard let g = m.g else { fatal("a channel was used outside of a G") }
    var record = unsafe WaiterRecord(g, element: element)
    let granted = unsafe withUnsafeMutablePointer(to: &record) {
      let waiter = unsafe Waiter($0)
      enqueue(waiter, reason)
      m.park(reason, commit: .unlock(lock))
      return waiter.granted
    }
    if !granted, reason == .chanSend { Self.closedWhileSending(g) }
    return granted
  }

  // MARK: without waiting, under the lock

  /// Copies the value at `element`, if somebody or the buffer takes it now. Ends the process on a closed channel.
  @inline(__always)
  final func sendNow(from element: UnsafeRawPointer) -> ChannelMove {
    if unsafe state.pointee.isClosed { Self.closedBeforeSending() }
    if let receiver = unsafe state.pointee.receivers.popFirst() {
      unsafe copy(element, to: receiver.element)
      receiver.granted = true
      return .done(ready: receiver.g)
    }
    let count = unsafe state.pointee.count
    guard count < capacity else { return .wait }
    unsafe copy(element, to: slot(count))
    unsafe state.pointee.count = count &+ 1
    return .done(ready: nil)
  }

  /// Initializes `room` with the next value, if there is one.
  @inline(__always)
  final func receiveNow(into room: UnsafeMutableRawPointer) -> ChannelMove {
    if unsafe state.pointee.count > 0 { return .done(ready: unsafe takeBuffered(into: room)) }
    if let sender = unsafe state.pointee.senders.popFirst() {
      unsafe copy(sender.element, to: room)
      sender.granted = true
      return .done(ready: sender.g)
    }
    return unsafe state.pointee.isClosed ? .closed : .wait
  }

  /// Takes from the buffer and lets the sender that waited longest fill the room; its G.
  @inline(__always)
  private final func takeBuffered(into room: UnsafeMutableRawPointer) -> G? {
    unsafe move(slot(0), to: room)
    let next = unsafe state.pointee.first &+ 1
    unsafe state.pointee.first = next == capacity ? 0 : next
    unsafe state.pointee.count &-= 1
    guard let sender = unsafe state.pointee.senders.popFirst() else { return nil }
    unsafe copy(sender.element, to: slot(state.pointee.count))
    unsafe state.pointee.count &+= 1
    sender.granted = true
    return sender.g
  }

  /// Puts a waiter into the queue of senders or of receivers.
  @inline(__always)
  final func enqueue(_ waiter: Waiter, _ reason: WaitReason) {
    if reason == .chanSend {
      unsafe state.pointee.senders.append(waiter)
    } else {
      unsafe state.pointee.receivers.append(waiter)
    }
  }

  final func dequeue(_ waiter: Waiter, _ reason: WaitReason) {
    if reason == .chanSend {
      unsafe state.pointee.senders.remove(waiter)
    } else {
      unsafe state.pointee.receivers.remove(waiter)
    }
  }

  // MARK: elements

  /// The element `index` places behind the first.
  @inline(__always)
  private final func slot(_ index: Int) -> UnsafeMutableRawPointer {
    let index = unsafe state.pointee.first &+ index
    return unsafe buffer + (index < capacity ? index : index &- capacity) &* stride
  }

  @inline(__always)
  private final func copy(_ from: UnsafeRawPointer, to: UnsafeMutableRawPointer) {
    if isTrivial { unsafe copyBytes(from, to: to) } else { unsafe copyElement(from, to: to) }
  }

  @inline(__always)
  private final func move(_ from: UnsafeMutableRawPointer, to: UnsafeMutableRawPointer) {
    if isTrivial { unsafe copyBytes(from, to: to) } else { unsafe moveElement(from, to: to) }
  }

  @inline(__always)
  private final func copyBytes(_ from: UnsafeRawPointer, to: UnsafeMutableRawPointer) {
    if size == 8 {
      unsafe to.storeBytes(of: from.loadUnaligned(as: UInt64.self), as: UInt64.self)
    } else {
      unsafe to.copyMemory(from: from, byteCount: size)
    }
  }

  /// Destroys what is in the buffer.
  final func destroyAll() {
    guard !isTrivial else { return }
    for index in 0..<(unsafe state.pointee.count) { unsafe destroyElement(slot(index)) }
  }

  func copyElement(_ from: UnsafeRawPointer, to: UnsafeMutableRawPointer) { fatal("a channel of nothing") }
  func moveElement(_ from: UnsafeMutableRawPointer, to: UnsafeMutableRawPointer) { fatal("a channel of nothing") }
  func destroyElement(_ element: UnsafeMutableRawPointer) { fatal("a channel of nothing") }

  // MARK: misuse

  @inline(never)
  private static func closedBeforeSending() -> Never {
    fatal("send on a closed channel by \(M.current?.g.map { "goroutine \($0.id)" } ?? "?")")
  }

  @inline(never)
  static func closedWhileSending(_ g: G) -> Never {
    fatal("the channel was closed while goroutine \(g.id) was sending")
  }
}
