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
  /// The same, and the channel's clock is to be told who waits (`ChannelClock`); of receiving only.
  case waitForClock
  /// Nothing to receive, now or ever.
  case closed
  /// Done; the other side's G, if it waited, is the caller's to make ready once it has released the lock.
  case done(ready: G?)

  var waits: Bool {
    switch self {
    case .wait, .waitForClock: true
    case .closed, .done: false
    }
  }
}

/// What there is of a channel besides its name and its type, and does not change.
@safe private struct ChannelRecord {
  let lock = Lock()
  let capacity: Int
  /// Of an element.
  let size: Int
  let stride: Int
  let isTrivial: Bool
  /// Room for `capacity` elements.
  let buffer: UnsafeMutableRawPointer
  /// The channel itself, which knows what its elements are; it outlives this.
  unowned(unsafe) var owner: AnyChannel?
}

/// What changes of a channel. Under the lock.
private struct ChannelState {
  var first = 0
  var count = 0
  var isClosed = false
  /// Whether it is neither closed nor has a clock: one look for both.
  var isPlain = true
  /// Whose ticks it receives besides what is sent.
  var clock: ChannelClock?
  var senders = WaitQueue()
  var receivers = WaitQueue()
}

/// The working part of a channel, without its reference count. A handle.
///
/// Safe because: the memory is allocated and freed by the channel, which whoever uses the handle keeps alive; what
/// changes is touched under the lock alone.
@safe struct ChannelCore: Comparable {
  /// Record, state and buffer lie one behind the other in one piece of memory.
  private let record: UnsafeMutablePointer<ChannelRecord>

  init(capacity: Int, size: Int, stride: Int, alignment: Int, isTrivial: Bool) {
    let alignment = max(alignment, 16)
    let head = Self.stateOffset + MemoryLayout<ChannelState>.stride
    let bufferOffset = (head + alignment - 1) / alignment * alignment
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: bufferOffset + capacity * stride, alignment: alignment)
    unsafe record = memory.bindMemory(to: ChannelRecord.self, capacity: 1)
    unsafe record.initialize(
      to: ChannelRecord(
        capacity: capacity, size: size, stride: stride, isTrivial: isTrivial, buffer: memory + bufferOffset))
    unsafe (memory + Self.stateOffset).bindMemory(to: ChannelState.self, capacity: 1).initialize(
      to: ChannelState())
  }

  private static var stateOffset: Int { (MemoryLayout<ChannelRecord>.size + 15) / 16 * 16 }

  @inline(__always)
  private var state: UnsafeMutablePointer<ChannelState> {
    unsafe (UnsafeMutableRawPointer(record) + Self.stateOffset).assumingMemoryBound(to: ChannelState.self)
  }

  /// Once, before it is used.
  func setOwner(_ owner: AnyChannel) { unsafe record.pointee.owner = owner }

  private var owner: AnyChannel { unsafe record.pointee.owner.unsafelyUnwrapped }

  /// Destroys what is in the buffer.
  func destroyAll() {
    guard unsafe !record.pointee.isTrivial else { return }
    for index in 0..<(unsafe state.pointee.count) { unsafe owner.destroyElement(slot(index)) }
  }

  func free() {
    if let clock { Outside.act("Channel.deinit") { _ in clock.giveBack() } }
    lock.free()
    unsafe record.deallocate()
  }

  /// By address: the order in which several are locked.
  static func < (a: ChannelCore, b: ChannelCore) -> Bool { unsafe a.record < b.record }
  static func == (a: ChannelCore, b: ChannelCore) -> Bool { unsafe a.record == b.record }

  @inline(__always) var lock: Lock { unsafe record.pointee.lock }

  func close() {
    let m = enterRuntime("Channel.close")
    lock.lock()
    if unsafe state.pointee.isClosed { fatal("close of a closed channel") }
    unsafe state.pointee.isClosed = true
    unsafe state.pointee.isPlain = false
    var woken = GQueue()
    while let receiver = unsafe state.pointee.receivers.popFirst() { woken.append(receiver.g) }
    while let sender = unsafe state.pointee.senders.popFirst() { woken.append(sender.g) }
    lock.unlock()
    while let g = woken.popFirst() { m.ready(g) }
    leaveRuntime()
  }

  // MARK: blocking

  func send(from element: UnsafeMutableRawPointer) {
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
  func receive(into room: UnsafeMutableRawPointer) -> Bool {
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
    case .waitForClock:
      isThere = unsafe waitForClock(room, m)
    }
    leaveRuntime()
    return isThere
  }

  /// Parks the running G in one of the queues, with its value or the room for one at `element`. Under the lock, which
  /// the park releases. Whether there was a value for a receiver; for a sender always.
  private func wait(_ reason: WaitReason, _ element: UnsafeMutableRawPointer, _ m: M) -> Bool {
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

  @inline(never)
  private func waitForClock(_ room: UnsafeMutableRawPointer, _ m: M) -> Bool {
    clock?.waits(on: m.p)
    let isThere = unsafe wait(.chanReceive, room, m)
    lock.lock()
    clock?.leaves()
    lock.unlock()
    return isThere
  }

  // MARK: without waiting, under the lock

  /// Copies the value at `element`, if somebody or the buffer takes it now. Ends the process on a closed channel.
  @inline(__always)
  func sendNow(from element: UnsafeRawPointer) -> ChannelMove {
    if unsafe state.pointee.isClosed { Self.closedBeforeSending() }
    if let receiver = unsafe state.pointee.receivers.popFirst() {
      unsafe copy(element, to: receiver.element)
      receiver.granted = true
      return .done(ready: receiver.g)
    }
    let count = unsafe state.pointee.count
    guard unsafe count < record.pointee.capacity else { return .wait }
    unsafe copy(element, to: slot(count))
    unsafe state.pointee.count = count &+ 1
    return .done(ready: nil)
  }

  /// Initializes `room` with the next value, if there is one.
  @inline(__always)
  func receiveNow(into room: UnsafeMutableRawPointer) -> ChannelMove {
    if unsafe state.pointee.count > 0 { return .done(ready: unsafe takeBuffered(into: room)) }
    if let sender = unsafe state.pointee.senders.popFirst() {
      unsafe copy(sender.element, to: room)
      sender.granted = true
      return .done(ready: sender.g)
    }
    return unsafe state.pointee.isPlain ? .wait : receiveSpecially()
  }

  /// The buffer is empty, and nobody sends. A tick is of type `Void`: there is nothing to copy.
  @inline(never)
  private func receiveSpecially() -> ChannelMove {
    if unsafe state.pointee.isClosed { return .closed }
    return clock?.takeTick() ?? false ? .done(ready: nil) : .waitForClock
  }

  /// Takes from the buffer and lets the sender that waited longest fill the room; its G.
  @inline(__always)
  private func takeBuffered(into room: UnsafeMutableRawPointer) -> G? {
    unsafe move(slot(0), to: room)
    let next = unsafe state.pointee.first &+ 1
    unsafe state.pointee.first = next == record.pointee.capacity ? 0 : next
    unsafe state.pointee.count &-= 1
    guard let sender = unsafe state.pointee.senders.popFirst() else { return nil }
    unsafe copy(sender.element, to: slot(state.pointee.count))
    unsafe state.pointee.count &+= 1
    sender.granted = true
    return sender.g
  }

  /// Puts a waiter into the queue of senders or of receivers.
  @inline(__always)
  func enqueue(_ waiter: Waiter, _ reason: WaitReason) {
    if reason == .chanSend {
      unsafe state.pointee.senders.append(waiter)
    } else {
      unsafe state.pointee.receivers.append(waiter)
    }
  }

  func dequeue(_ waiter: Waiter, _ reason: WaitReason) {
    if reason == .chanSend {
      unsafe state.pointee.senders.remove(waiter)
    } else {
      unsafe state.pointee.receivers.remove(waiter)
    }
  }

  // MARK: clock

  /// Before others have the channel.
  func addClock() {
    unsafe state.pointee.clock = ChannelClock(of: self)
    unsafe state.pointee.isPlain = false
  }

  var clock: ChannelClock? { unsafe state.pointee.clock }

  /// Gives the receiver that waited longest a tick; its G. Under the lock.
  func grantFirst() -> G? {
    guard unsafe !state.pointee.isClosed, let receiver = unsafe state.pointee.receivers.popFirst() else {
      return nil
    }
    receiver.granted = true
    return receiver.g
  }

  /// Whether anybody stands there to receive. Under the lock.
  var hasReceivers: Bool { unsafe !state.pointee.receivers.isEmpty }

  /// Takes back what nobody has received, of type `Void`, also from those who wait to send; these, counted as runnable,
  /// are the caller's to put on a queue. Under the lock.
  func drain(by m: M) -> GQueue {
    var senders = GQueue()
    var nothing: Void = ()
    unsafe withUnsafeMutablePointer(to: &nothing) { room in
      while unsafe state.pointee.count > 0 || !state.pointee.senders.isEmpty {
        guard case .done(let sender) = unsafe receiveNow(into: room) else { break }
        guard let sender else { continue }
        m.readied(sender, m.batchPlace(behind: senders.count))
        senders.append(sender)
      }
    }
    return senders
  }

  // MARK: elements

  /// The element `index` places behind the first.
  @inline(__always)
  private func slot(_ index: Int) -> UnsafeMutableRawPointer {
    let index = unsafe state.pointee.first &+ index
    let capacity = unsafe record.pointee.capacity
    return unsafe record.pointee.buffer + (index < capacity ? index : index &- capacity)
      &* record.pointee.stride
  }

  @inline(__always)
  private func copy(_ from: UnsafeRawPointer, to: UnsafeMutableRawPointer) {
    if unsafe record.pointee.isTrivial {
      unsafe copyBytes(from, to: to)
    } else {
      unsafe owner.copyElement(from, to: to)
    }
  }

  @inline(__always)
  private func move(_ from: UnsafeMutableRawPointer, to: UnsafeMutableRawPointer) {
    if unsafe record.pointee.isTrivial {
      unsafe copyBytes(from, to: to)
    } else {
      unsafe owner.moveElement(from, to: to)
    }
  }

  @inline(__always)
  private func copyBytes(_ from: UnsafeRawPointer, to: UnsafeMutableRawPointer) {
    if unsafe record.pointee.size == 8 {
      unsafe to.storeBytes(of: from.loadUnaligned(as: UInt64.self), as: UInt64.self)
    } else {
      unsafe to.copyMemory(from: from, byteCount: record.pointee.size)
    }
  }

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
