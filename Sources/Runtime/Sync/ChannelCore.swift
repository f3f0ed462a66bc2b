// Channels: a value goes from one G to another, directly or through a buffer.
//
// Invariants, under the lock:
//   • Senders wait only while the buffer is full (or there is none) and no receiver waits.
//   • Receivers wait only while the buffer is empty and no sender waits.
//   • The side that takes a G out of a queue moves the value for that G and sets `granted`; only a close leaves
//     `granted` false.
// So values keep their order, and the G that waited longest is served first. ("Waits" has the sense of Claim: a waiter
// whose wait was ended from elsewhere counts as gone.) A G waits with its value, or with room for one, on its own
// stack, which does not move. The receiver copies the value out of a waiting sender; the sender destroys its original
// when it goes on.
//
// Source: Go's chan.go.
import Region

/// The outcome of an attempt to send or to receive without waiting.
enum ChannelMove {
  /// The operation is not possible now, so the G must wait.
  case wait
  /// The operation is not possible now, and the channel's clock must be told that a G waits (`ChannelClock`).
  /// Only for receiving.
  case waitForClock
  /// There is nothing to receive, now or ever.
  case closed
  /// Done. `ready` is the other side's G, if it waited; the caller must make it ready after releasing the lock.
  case done(ready: G?)

  var waits: Bool {
    switch self {
    case .wait, .waitForClock: true
    case .closed, .done: false
    }
  }
}

/// The part of a channel that does not change. It does not know the type of the elements.
@safe private struct ChannelRecord {
  let lock = Lock()
  let capacity: Int
  /// The size of an element, in bytes.
  let size: Int
  let stride: Int
  let isTrivial: Bool
  /// Room for `capacity` elements.
  let buffer: UnsafeMutableRawPointer
  /// The channel itself, which knows the type of its elements. It outlives this record.
  unowned(unsafe) var owner: AnyChannel?
}

/// The part of a channel that changes. Under the lock.
private struct ChannelState {
  var first = 0
  var count = 0
  var isClosed = false
  /// Whether the channel is open and has no clock: one look for both.
  var isPlain = true
  /// The clock whose ticks are received besides the values that are sent; nil: none.
  var clock: ChannelClock?
  var senders = WaitQueue()
  var receivers = WaitQueue()
}

/// A handle to the working part of a channel. It does not count as a reference.
///
/// Safe because: the channel allocates and frees the memory, and the user of the handle keeps the channel alive; what
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

  /// Sets the channel that this core belongs to. Call it once, before the channel is used.
  func setOwner(_ owner: AnyChannel) { unsafe record.pointee.owner = owner }

  private var owner: AnyChannel { unsafe record.pointee.owner.unsafelyUnwrapped }

  /// Destroys the values in the buffer.
  func destroyAll() {
    guard unsafe !record.pointee.isTrivial else { return }
    for index in 0..<(unsafe state.pointee.count) { unsafe owner.destroyElement(slot(index)) }
  }

  func free() {
    if let clock { Outside.act("Channel.deinit") { _ in clock.giveBack() } }
    lock.free()
    unsafe record.deallocate()
  }

  /// The order in which a select locks several channels: by their addresses.
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

  /// Receives a value into `room`. True when there was one; false: the channel is closed and empty.
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

  /// Parks the running G in one of the queues, with its value or the room for one at `element`. Call under the lock,
  /// which the park releases. For a receiver: true when there was a value. For a sender: always true.
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

  /// Copies the value at `element` if a receiver or the buffer takes it now. Ends the process on a closed channel.
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

  /// Receives from a channel that is closed or has a clock, when its buffer is empty and no sender waits. With a
  /// clock, takes a tick if one is due. A tick is of type `Void`, so there is nothing to copy.
  @inline(never)
  private func receiveSpecially() -> ChannelMove {
    if unsafe state.pointee.isClosed { return .closed }
    return clock?.takeTick() ?? false ? .done(ready: nil) : .waitForClock
  }

  /// Takes a value from the buffer, and puts the value of the longest-waiting sender there. Returns that sender's G.
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

  /// Gives the channel a clock. Call it before other code has the channel.
  func addClock() {
    unsafe state.pointee.clock = ChannelClock(of: self)
    unsafe state.pointee.isPlain = false
  }

  var clock: ChannelClock? { unsafe state.pointee.clock }

  /// Gives a tick to the receiver that waited longest, and returns its G. Call under the lock.
  func grantFirst() -> G? {
    guard unsafe !state.pointee.isClosed, let receiver = unsafe state.pointee.receivers.popFirst() else {
      return nil
    }
    receiver.granted = true
    return receiver.g
  }

  /// Whether any G waits to receive. Call under the lock.
  var hasReceivers: Bool { unsafe !state.pointee.receivers.isEmpty }

  /// Drops the values, of type `Void`, that no G has received, also those of waiting senders. Returns the senders' Gs,
  /// counted as runnable; the caller must put these on a queue. Call under the lock.
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

  /// The place of the element at `index`, counted from the first.
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
