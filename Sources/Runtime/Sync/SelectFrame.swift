// The inside of a select: its cases, and how one of them is chosen.
//
// §1 The steps. The G takes the locks of all channels, each once, in one order that all selects share, so that two
// selects cannot deadlock. It looks at the cases in random order, and does the first that is possible. If none is, it
// takes `otherwise`; or it stands in the queue of each channel with a ticket (Claim) and parks, and the locks are
// released when it is off its stack. So there is one moment at which no case was possible and the G stood in all
// queues; and before `otherwise` one moment at which no case was possible. The side that ends the wait names the case.
// Then the G leaves all queues, under each lock. But to do a case takes only the lock of its channel. So the G first
// tries each case with only that lock, and most selects need no more.
//
// §2 Memory. Cases, and what they send or receive, lie one behind the other in memory that `select` lends on its own
// stack; when that is full, in pieces of the heap. None of it moves while the G waits. A receiver copies the value that
// is sent; the select destroys the original at its end. A case moves the received value out; if the case never ran, the
// select destroys that value at its end.
//
// Source: Go's select.go.
import Region

/// A case that sends or receives. Its pointers point into the memory of §2.
@safe struct SelectCase {
  let number: UInt32
  /// `.chanSend` or `.chanReceive`.
  let reason: WaitReason
  /// Keeps the channel alive while the select lasts.
  let channel: AnyChannel
  let core: ChannelCore
  let element: UnsafeMutableRawPointer
  /// The type of the value at `element`.
  let type: ObjectIdentifier
  /// Whether there is a value at `element`.
  var isInitialized: Bool
  /// The case's waiter in the channel's queue; initialized when it is put there.
  let waiter: UnsafeMutablePointer<WaiterRecord>
  /// The next case in the list.
  var next: UnsafeMutablePointer<SelectCase>?
}

/// The state of a select. Its pointers point into the memory of §2.
@safe struct SelectRecord {
  /// The list of cases that have a channel.
  var first: UnsafeMutablePointer<SelectCase>?
  var last: UnsafeMutablePointer<SelectCase>?
  var count = 0
  /// The shortest delay among the cases; nil: no case has a delay.
  var delay: Duration?
  /// The number of the case that has the shortest delay.
  var delayNumber: UInt32 = 0
  var cancellation: UInt32?
  var otherwise: UInt32?
  // MARK: memory
  var free: UnsafeMutableRawPointer
  var end: UnsafeMutableRawPointer
  /// The pieces of memory from the heap; each piece holds the address of the piece before it in its first
  /// word.
  var pieces: UnsafeMutableRawPointer?
}

/// A handle to the record of one select.
///
/// Safe because: it lies in the frame of `select`, and only `Select` has it, which does not leave that call.
@usableFromInline
@safe struct SelectFrame {
  let record: UnsafeMutablePointer<SelectRecord>

  /// How many bytes `select` lends: enough for four or five cases.
  @usableFromInline static let bytes = 1024

  @usableFromInline
  init(in memory: UnsafeMutableRawBufferPointer) {
    let start = unsafe memory.baseAddress.unsafelyUnwrapped
    unsafe record = start.bindMemory(to: SelectRecord.self, capacity: 1)
    unsafe record.initialize(
      to: SelectRecord(free: start + MemoryLayout<SelectRecord>.stride, end: start + memory.count))
  }

  /// Destroys all values that are left, and frees the memory.
  @usableFromInline
  func end() {
    var next = unsafe record.pointee.first
    while let one = unsafe next {
      if unsafe one.pointee.isInitialized { unsafe one.pointee.channel.destroyElement(one.pointee.element) }
      unsafe next = one.pointee.next
      unsafe one.deinitialize(count: 1)
    }
    while let piece = unsafe record.pointee.pieces {
      unsafe record.pointee.pieces = piece.load(as: UnsafeMutableRawPointer?.self)
      unsafe piece.deallocate()
    }
  }

  // MARK: listing

  /// Adds a case with a channel. Returns memory for one element.
  @usableFromInline
  func add(
    _ number: UInt32, sends: Bool, _ channel: consuming AnyChannel, size: Int, alignment: Int,
    _ type: ObjectIdentifier
  ) -> UnsafeMutableRawPointer {
    // One piece holds the case, its waiter, and the element.
    let offset = (Self.elementOffset + alignment - 1) & ~(alignment - 1)
    let piece = unsafe allocate(offset + size, max(alignment, MemoryLayout<SelectCase>.alignment))
    let one = unsafe piece.bindMemory(to: SelectCase.self, capacity: 1)
    let place = unsafe (piece + MemoryLayout<SelectCase>.stride)
      .bindMemory(to: WaiterRecord.self, capacity: 1)
    let element = unsafe piece + offset
    let core = channel.core
    unsafe one.initialize(
      to: SelectCase(
        number: number, reason: sends ? .chanSend : .chanReceive, channel: channel, core: core,
        element: element, type: type,
        isInitialized: sends, waiter: place))
    if let last = unsafe record.pointee.last {
      unsafe last.pointee.next = one
    } else {
      unsafe record.pointee.first = one
    }
    unsafe record.pointee.last = one
    unsafe record.pointee.count += 1
    return unsafe element
  }

  @usableFromInline
  func addDelay(_ number: UInt32, _ delay: Duration) {
    if let shortest = unsafe record.pointee.delay, shortest <= delay { return }
    unsafe record.pointee.delay = delay
    unsafe record.pointee.delayNumber = number
  }

  @usableFromInline
  func addCancellation(_ number: UInt32) { unsafe record.pointee.cancellation = number }

  @usableFromInline
  func addOtherwise(_ number: UInt32) { unsafe record.pointee.otherwise = number }

  /// Returns the address of the value that the chosen case received, for the caller to move out; nil: the channel is
  /// closed and empty.
  @usableFromInline
  func takeReceived(_ number: UInt32, _ type: ObjectIdentifier) -> UnsafeMutableRawPointer? {
    guard let one = unsafe find(number), unsafe one.pointee.type == type,
      unsafe one.pointee.reason == .chanReceive
    else { fatal("a select listed other cases the second time: case \(number + 1) is not what it was") }
    guard unsafe one.pointee.isInitialized else { return nil }
    unsafe one.pointee.isInitialized = false
    return unsafe one.pointee.element
  }

  @usableFromInline
  func nothingDone() -> Never {
    fatal("a select listed other cases the second time: the one chosen is missing")
  }

  private func find(_ number: UInt32) -> UnsafeMutablePointer<SelectCase>? {
    var next = unsafe record.pointee.first
    while let one = unsafe next, unsafe one.pointee.number != number { unsafe next = one.pointee.next }
    return unsafe next
  }

  /// The smallest offset of a case's element from the case.
  private static var elementOffset: Int {
    MemoryLayout<SelectCase>.stride + MemoryLayout<WaiterRecord>.stride
  }

  /// Allocates memory that lives as long as the select. `alignment` is a power of two, at most a page.
  @inline(__always)
  private func allocate(_ size: Int, _ alignment: Int) -> UnsafeMutableRawPointer {
    let free = unsafe record.pointee.free
    let padding = (0 &- Int(bitPattern: free)) & (alignment &- 1)
    guard unsafe record.pointee.end - free >= size &+ padding else {
      return unsafe allocateElsewhere(size, alignment)
    }
    unsafe record.pointee.free = free + (size &+ padding)
    return unsafe free + padding
  }

  @inline(never)
  private func allocateElsewhere(_ size: Int, _ alignment: Int) -> UnsafeMutableRawPointer {
    let bytes = max(4 * Self.bytes, size + alignment + 16)
    let piece = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    unsafe piece.storeBytes(of: record.pointee.pieces, as: UnsafeMutableRawPointer?.self)
    unsafe record.pointee.pieces = piece
    unsafe record.pointee.free = piece + 16
    unsafe record.pointee.end = piece + bytes
    return unsafe allocate(size, alignment)
  }

  private func array<Element>(of _: Element.Type, _ count: Int) -> UnsafeMutableBufferPointer<Element> {
    let layout = MemoryLayout<Element>.self
    let memory = unsafe allocate(layout.stride * count, layout.alignment)
    return unsafe UnsafeMutableBufferPointer(
      start: memory.bindMemory(to: Element.self, capacity: count), count: count)
  }

  // MARK: choosing

  private typealias Cases = UnsafeMutableBufferPointer<UnsafeMutablePointer<SelectCase>>

  /// Chooses a case, and returns its number. Parks the G until a case is possible.
  @usableFromInline
  func choose() -> UInt32 {
    let m = enterRuntime("select")
    guard let g = m.g else { fatal("select was called outside of a G") }
    defer { leaveRuntime() }
    guard let winner = choose(g, m) else { fatal("a select ended without a case") }
    return winner
  }

  private func choose(_ g: G, _ m: M) -> UInt32? {
    if let cancellation = unsafe record.pointee.cancellation, g.isCancelled { return cancellation }
    let cases = unsafe listed()
    if cases.count > 1, let winner = unsafe chooseOne(cases, m) { return winner }
    let locks = unsafe lockAll(cases)
    if let winner = unsafe chooseNow(cases, locks, m) { return winner }
    if let otherwise = unsafe record.pointee.otherwise {
      locks.unlock()
      return otherwise
    }
    if let delay = unsafe record.pointee.delay, delay <= .zero {
      locks.unlock()
      return unsafe record.pointee.delayNumber
    }
    return unsafe wait(cases, locks, g, m)
  }

  /// Does one of the cases, in random order, with only the lock of its channel; nil: none was possible when it was
  /// tried.
  private func chooseOne(_ cases: Cases, _ m: M) -> UInt32? {
    for index in cases.indices {
      let one = unsafe pick(index, of: cases, m)
      let lock = unsafe one.pointee.core.lock
      lock.lock()
      let move = unsafe attempt(one)
      if case .done = move { unsafe one.pointee.isInitialized = true }
      lock.unlock()
      if move.waits { continue }
      if case .done(let other?) = move { m.ready(other) }
      return unsafe one.pointee.number
    }
    return nil
  }

  /// Returns the cases that have a channel, in the order in which they were listed.
  @inline(__always)
  private func listed() -> Cases {
    let cases = unsafe array(of: UnsafeMutablePointer<SelectCase>.self, record.pointee.count)
    var next = unsafe record.pointee.first
    for index in cases.indices {
      guard let one = unsafe next else { break }
      unsafe cases.initializeElement(at: index, to: one)
      unsafe next = one.pointee.next
    }
    return unsafe cases
  }

  /// Picks a random case among those at `index` and after it, and swaps it into the place `index`. Done for one index
  /// after the other, this shuffles the cases.
  @inline(__always)
  private func pick(_ index: Int, of cases: Cases, _ m: M) -> UnsafeMutablePointer<SelectCase> {
    if index + 1 < cases.count { unsafe cases.swapAt(index, index + m.random(below: cases.count - index)) }
    return unsafe cases[index]
  }

  /// Sorts the cases by their channels, and locks each channel once.
  private func lockAll(_ cases: Cases) -> HeldLocks {
    unsafe sort(cases)
    let locks = unsafe array(of: Lock.self, cases.count)
    var count = 0
    for index in cases.indices {
      let core = unsafe cases[index].pointee.core
      if index > 0, unsafe cases[index - 1].pointee.core == core { continue }
      core.lock.lock()
      unsafe locks.initializeElement(at: count, to: core.lock)
      count += 1
    }
    return unsafe HeldLocks(locks.baseAddress, count: count)
  }

  /// At most this many cases are sorted in place here: calling a library sort would cost more than sorting
  /// them.
  private static let few = 16

  private func sort(_ cases: Cases) {
    var cases = unsafe cases
    guard cases.count <= Self.few else {
      return unsafe cases.sort { unsafe $0.pointee.core < $1.pointee.core }
    }
    for index in cases.indices.dropFirst() {
      let one = unsafe cases[index]
      var place = index
      while place > 0, unsafe one.pointee.core < cases[place - 1].pointee.core {
        unsafe cases[place] = unsafe cases[place - 1]
        place -= 1
      }
      unsafe cases[place] = unsafe one
    }
  }

  /// Does one of the cases that are possible now, and releases the locks; nil: none is, and the locks stay. Afterwards
  /// `cases` are in random order. In that order they go into the queues, so of two cases on one channel neither is
  /// always served first.
  private func chooseNow(
    _ cases: Cases, _ locks: HeldLocks, _ m: M
  ) -> UInt32? {
    for index in cases.indices {
      let one = unsafe pick(index, of: cases, m)
      switch unsafe attempt(one) {
      case .wait, .waitForClock: continue
      case .closed: locks.unlock()
      case .done(let other):
        unsafe one.pointee.isInitialized = true
        locks.unlock()
        if let other { m.ready(other) }
      }
      return unsafe one.pointee.number
    }
    return nil
  }

  private func attempt(_ one: UnsafeMutablePointer<SelectCase>) -> ChannelMove {
    let (core, element) = unsafe (one.pointee.core, one.pointee.element)
    return unsafe one.pointee.reason == .chanSend
      ? unsafe core.sendNow(from: element) : unsafe core.receiveNow(into: element)
  }

  /// Parks until another side (a channel, the timer or a canceller) ends the wait. Returns the number of the case by
  /// which the wait ended.
  private func wait(
    _ cases: Cases, _ locks: HeldLocks, _ g: G, _ m: M
  ) -> UInt32? {
    let cancellation = unsafe record.pointee.cancellation
    guard let ticket = cancellation == nil ? g.wait.open() : g.openCancellable() else {
      locks.unlock()
      return cancellation
    }
    let p = m.p
    let delay = unsafe record.pointee.delay
    if let delay { g.addTimer(at: Deadline.after(delay).ticks, ticket, on: p) }
    for index in cases.indices { unsafe enqueue(cases[index], g, ticket, on: p) }
    m.park(.select, commit: .claimable(locks))
    if delay != nil { g.timerIsOver(on: p) }
    unsafe leave(cases)
    let outcome = g.wait.outcome
    if outcome == .timedOut { return unsafe record.pointee.delayNumber }
    guard let number = outcome.place else { return cancellation }
    conclude(number, g)
    return number
  }

  private func enqueue(_ one: UnsafeMutablePointer<SelectCase>, _ g: G, _ ticket: UInt32, on p: P) {
    if unsafe one.pointee.reason == .chanReceive { unsafe one.pointee.core.clock?.waits(on: p) }
    let (number, element) = unsafe (one.pointee.number, one.pointee.element)
    unsafe one.pointee.waiter.initialize(to: WaiterRecord(g, ticket: ticket, place: number, element: element))
    unsafe one.pointee.core.enqueue(Waiter(one.pointee.waiter), one.pointee.reason)
  }

  /// Takes the G out of all queues. When this returns, it has held each lock once more (Claim W5).
  private func leave(_ cases: Cases) {
    for index in cases.indices {
      let one = unsafe cases[index]
      let core = unsafe one.pointee.core
      core.lock.lock()
      unsafe core.dequeue(Waiter(one.pointee.waiter), one.pointee.reason)
      if unsafe one.pointee.reason == .chanReceive { core.clock?.leaves() }
      core.lock.unlock()
    }
  }

  /// Notes what the other side did when it ended the wait by this case: it moved the value, or closed the channel.
  private func conclude(_ number: UInt32, _ g: G) {
    guard let one = unsafe find(number) else { return }
    let granted = unsafe one.pointee.waiter.pointee.granted
    if unsafe one.pointee.reason == .chanSend {
      if !granted { ChannelCore.closedWhileSending(g) }
    } else {
      unsafe one.pointee.isInitialized = granted
    }
  }
}
