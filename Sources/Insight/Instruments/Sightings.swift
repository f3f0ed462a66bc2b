// What was the same at each of several looks at a scheduler that is sampled.
//
// §1 The problem. Where there are no events, one look proves nothing: a G that waits for a lock, a socket with bytes in it,
// a thread that is busy are all normal. What is the same at many looks in a row is not.
//
// §2 The design. Each such thing is kept with `since`, the moment of the first look from which on every look has seen it, and
// is dropped at the first look that does not see it. So it has lasted at least since then, and the lints report it only when
// that is long enough. Only a crowd before a lock may be missed at some looks: between two rounds all Gs have had the lock, and
// for a moment none waits. It is dropped when most looks miss it. Locks and sockets are looked at together with the table of
// Gs, some seconds apart in a large program; threads are looked at four times a second.
//
// §3 What cannot be seen. Looks do not show which G holds a lock; nor which G ought to read a socket, unless a look before
// has seen that G wait to read it; nor anything that came and went between two looks.
import Host
import Observed
import Region

/// The things that several looks in a row have all seen (§2). A plain value.
public struct Sightings: Sendable, Equatable {
  /// Gs that wait for a lock at one place of the program.
  public struct Convoy: Sendable, Equatable {
    /// The place where the Gs wait, or, if stacks cannot be read, where they were spawned; nil: not known.
    public var place: String?
    /// The target's word for what the Gs wait for.
    public var words: String
    /// How many Gs waited at the last look that saw a crowd.
    public var waiters: Int
    /// The smallest number of Gs that waited at a look that saw a crowd.
    public var fewest: Int
    /// The G that had waited longest at the last look that saw a crowd.
    public var oldest: UInt64
    /// The moment from which on the G `oldest` waits, in monotonic nanoseconds.
    public var oldestSince: UInt64
    /// The moment of the first look that saw a crowd, in monotonic nanoseconds.
    public var since: UInt64
    /// The moment of the last look that saw a crowd, in monotonic nanoseconds.
    public var until: UInt64
    /// The number of looks from `since` on.
    public var looks: Int
    /// How many of these looks saw a crowd: as many Gs as make a convoy, or more.
    public var crowded: Int
  }

  /// A G that is locked to a thread, and ran or was ready at each look.
  public struct BusyThread: Sendable, Equatable {
    /// The M of the thread.
    public var m: Int
    /// The G that is locked to the thread.
    public var g: UInt64
    /// The moment of the first of these looks, in monotonic nanoseconds.
    public var since: UInt64
    /// The moment of the last of these looks, in monotonic nanoseconds.
    public var until: UInt64
    /// The number of these looks.
    public var looks: Int
    /// How long the thread was on a CPU from `since` to `until`, in nanoseconds.
    public var ran: UInt64
    /// How long the thread was ready from `since` to `until` and had no CPU, in nanoseconds.
    public var waited: UInt64
  }

  /// A socket in which bytes lie, and nothing moves.
  public struct StuckSocket: Sendable, Equatable {
    /// What keeps the bytes where they are.
    public enum Kind: String, Sendable {
      /// A G waits to read the bytes, but nobody has told it that they have come.
      case unheard
      /// No G waits to read the bytes.
      case unread
      /// The bytes were sent, and a G waits to write more: the other end does not take them.
      case untaken
    }

    /// What keeps the bytes where they are.
    public var kind: Kind
    /// The descriptor.
    public var fd: Int
    /// The connection.
    public var socket: Socket
    /// How many bytes lie in the socket.
    public var bytes: Int
    /// The G that waits for the socket. For `unread`: the last G that was seen to wait to read it, if that G still
    /// exists. nil: not known.
    public var g: UInt64?
    /// What the G `g` waits for now, in the target's words, if `kind` is `unread`; nil: it does not wait, or
    /// there is no such G.
    public var words: String?
    /// The moment of the first look since which nothing has moved, in monotonic nanoseconds.
    public var since: UInt64
    /// The number of looks since `since`, the first one included.
    public var looks: Int
  }

  /// The moment of the last look at the table of Gs, in monotonic nanoseconds.
  public var time: UInt64 = 0
  /// Places at which Gs wait for locks.
  public var convoys: [Convoy] = []
  /// Threads that one G keeps busy.
  public var busyThreads: [BusyThread] = []
  /// Sockets in which nothing moves.
  public var stuckSockets: [StuckSocket] = []

  /// Makes a value in which nothing was seen yet.
  public init() {}
}

/// Compares each look with those before it, and keeps what was the same. Not thread-safe.
package struct SightingTaker {
  /// A socket whose queues are not empty. The inode tells it from a later socket with the same descriptor.
  package struct Queue: Equatable {
    package var inode: UInt64
    package var socket: Socket
    package init(inode: UInt64, socket: Socket) { (self.inode, self.socket) = (inode, socket) }
  }

  /// A G that waits for a lock, with the place where it waits.
  package struct LockWaiter {
    package var row: GoroutineRow
    package var place: String?
    package var words: String
    package init(row: GoroutineRow, place: String?, words: String) {
      (self.row, self.place, self.words) = (row, place, words)
    }
  }

  /// A G that waits for a descriptor.
  package struct PollWaiter: Equatable {
    package var g: UInt64
    package var since: UInt64
    package var isWriting: Bool
    package init(g: UInt64, since: UInt64, isWriting: Bool) {
      (self.g, self.since, self.isWriting) = (g, since, isWriting)
    }
  }

  package private(set) var sightings = Sightings()
  /// The G that was seen last to wait to read a descriptor, by the descriptor's inode.
  private var readers: [UInt64: UInt64] = [:]
  private var stuck: [Int: (inode: UInt64, stuck: Sightings.StuckSocket)] = [:]
  /// How long the thread of each busy M had been on a CPU, and had waited for one, at the first look, in nanoseconds, by the
  /// M's id.
  private var starts: [Int: (ran: UInt64, waited: UInt64)] = [:]
  private static let mostReaders = 8192

  package init() {}

  /// Takes a look at the threads.
  ///
  /// - Parameter account: how long a thread has been on a CPU since it began, and how long it was ready and had none, in
  ///   nanoseconds; nil: not known.
  package mutating func take(
    _ ms: [Snapshot.M], at time: UInt64, account: (Int32) -> (ran: UInt64, waited: UInt64)?
  ) {
    let known = Dictionary(sightings.busyThreads.map { ($0.m, $0) }) { first, _ in first }
    var (busy, starts): ([Sightings.BusyThread], [Int: (ran: UInt64, waited: UInt64)]) = ([], [:])
    for m in ms where m.isLockedBusy == true {
      guard let g = m.locked, let tid = m.tid, let now = account(tid) else { continue }
      if var before = known[m.id], before.g == g, let start = self.starts[m.id] {
        (before.until, before.looks) = (time, before.looks + 1)
        (before.ran, before.waited) = (now.ran.excess(over: start.ran), now.waited.excess(over: start.waited))
        busy.append(before)
        starts[m.id] = start
      } else {
        busy.append(
          Sightings.BusyThread(m: m.id, g: g, since: time, until: time, looks: 1, ran: 0, waited: 0))
        starts[m.id] = now
      }
    }
    (sightings.busyThreads, self.starts) = (busy, starts)
  }

  /// Takes a look at the Gs that wait for locks.
  ///
  /// - Parameter least: the fewest waiting Gs that make a crowd.
  package mutating func take(_ waiters: [LockWaiter], least: Int, at time: UInt64) {
    sightings.time = time
    var now: [String: Sightings.Convoy] = [:]
    for waiter in waiters {
      let key = Self.key(waiter.place, waiter.words)
      var convoy =
        now[key]
        ?? Sightings.Convoy(
          place: waiter.place, words: waiter.words, waiters: 0, fewest: .max, oldest: waiter.row.id,
          oldestSince: waiter.row.since, since: time, until: time, looks: 1, crowded: 1)
      convoy.waiters += 1
      if waiter.row.since < convoy.oldestSince {
        (convoy.oldest, convoy.oldestSince) = (waiter.row.id, waiter.row.since)
      }
      now[key] = convoy
    }
    var crowds = now.filter { $0.value.waiters >= least }
    for (key, crowd) in crowds { crowds[key]?.fewest = crowd.waiters }
    for before in sightings.convoys {
      let key = Self.key(before.place, before.words)
      var convoy = crowds[key] ?? before
      (convoy.since, convoy.looks) = (before.since, before.looks + 1)
      convoy.crowded = before.crowded + (crowds[key] == nil ? 0 : 1)
      convoy.fewest = min(convoy.fewest, before.fewest)
      crowds[key] = convoy.crowded * Self.looksPerCrowd >= convoy.looks ? convoy : nil
    }
    sightings.convoys = crowds.values.sorted { ($1.waiters, $0.place ?? "") < ($0.waiters, $1.place ?? "") }
  }

  /// One look in so many must see a crowd.
  private static let looksPerCrowd = 3

  private static func key(_ place: String?, _ words: String) -> String { (place ?? "") + "\u{0}" + words }

  /// Takes a look at the sockets whose queues are not empty.
  ///
  /// - Parameters:
  ///   - waiters: the Gs that wait for descriptors, by descriptor.
  ///   - inodes: the inodes of the descriptors in `waiters`.
  ///   - isCrowded: whether so many Gs are ready that one which was told of its bytes may not have run yet.
  ///   - state: since when a G is in its state, and what it waits for in the target's words (empty: it does not wait), by
  ///     its id; nil: there is no such G.
  package mutating func take(
    _ queues: [Int: Queue], waiters: [Int: [PollWaiter]], inodes: [Int: UInt64], isCrowded: Bool,
    at time: UInt64,
    state: (UInt64) -> (since: UInt64, words: String)?
  ) {
    var now: [Int: (inode: UInt64, stuck: Sightings.StuckSocket)] = [:]
    for (fd, queue) in queues {
      let reader = readers[queue.inode].flatMap { g in
        state(g).map { (g: g, since: $0.since, words: $0.words) }
      }
      guard let (new, idle) = Self.stuck(fd, queue, waiters[fd] ?? [], reader, at: time) else { continue }
      if idle == nil, isCrowded { continue }
      var found = new
      if let before = stuck[fd], before.inode == queue.inode, before.stuck.kind == found.kind,
        before.stuck.g == found.g,
        Self.isUnmoved(from: before.stuck, to: found, idle: idle)
      {
        (found.since, found.looks) = (before.stuck.since, before.stuck.looks + 1)
      }
      now[fd] = (queue.inode, found)
    }
    stuck = now
    if readers.count > Self.mostReaders { readers.removeAll() }
    for (fd, all) in waiters {
      if let inode = inodes[fd], let reader = all.first(where: { !$0.isWriting }) {
        readers[inode] = reader.g
      }
    }
    sightings.stuckSockets = now.values.map(\.stuck).sorted { ($1.bytes, $0.fd) < ($0.bytes, $1.fd) }
  }

  /// Whether nothing moved between two looks. Nothing moved if the G that could take the bytes has not run since the first
  /// look (`idle` is the moment since which it has not run), and the bytes have not become fewer. If that G is not known
  /// (`idle` is nil), the number of bytes must be the same.
  private static func isUnmoved(
    from before: Sightings.StuckSocket, to now: Sightings.StuckSocket, idle: UInt64?
  ) -> Bool {
    guard let idle else { return now.bytes == before.bytes }
    return idle <= before.since && now.bytes >= before.bytes
  }

  /// What keeps the bytes of a socket where they are, and since when the G that could take them has not run; nil: the
  /// socket is not stuck.
  private static func stuck(
    _ fd: Int, _ queue: Queue, _ waiters: [PollWaiter], _ reader: (g: UInt64, since: UInt64, words: String)?,
    at time: UInt64
  ) -> (Sightings.StuckSocket, idle: UInt64?)? {
    func found(_ kind: Sightings.StuckSocket.Kind, _ bytes: Int, _ g: UInt64?) -> Sightings.StuckSocket {
      Sightings.StuckSocket(
        kind: kind, fd: fd, socket: queue.socket, bytes: bytes, g: g, words: nil, since: time, looks: 1)
    }
    if let unread = queue.socket.unread, unread > 1 {
      if let waiting = waiters.first(where: { !$0.isWriting }) {
        return (found(.unheard, unread, waiting.g), waiting.since)
      }
      var stuck = found(.unread, unread, reader?.g)
      stuck.words = reader.flatMap { $0.words.isEmpty ? nil : $0.words }
      return (stuck, reader?.since)
    }
    if let unsent = queue.socket.unacknowledged, unsent > 1, let writer = waiters.first(where: \.isWriting) {
      return (found(.untaken, unsent, writer.g), writer.since)
    }
    return nil
  }
}
