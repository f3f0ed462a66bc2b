// What descriptors lead to, on the wire. The list of connections is read at the other machine, because /proc is there; and it is
// sent without being asked for, because a stream of one direction has nobody who asks.
import History
import Host
import Observed

/// Looks at the sockets of the observed process now and then. Not thread-safe.
struct SocketReport {
  private var watch = SocketWatch()
  private var (next, last): (UInt64, UInt64) = (0, 0)

  /// At most so many descriptors for which Gs wait are looked at, and so many of all descriptors of the process, to find those
  /// whose queues are not empty.
  private static let (mostWaiting, mostDescriptors) = (2048, 4096)
  /// `pause`: the least time between two looks, in nanoseconds. `share`: looks may take one part in `share` of a CPU.
  private static let (pause, share): (UInt64, UInt64) = (2_000_000_000, 200)

  /// What the process's sockets are; nil: the last look was a moment ago, or there is nothing to tell.
  ///
  /// - Parameter rows: the table of Gs, which was read just now.
  mutating func look(_ source: any SchedulerSource, _ rows: [GoroutineRow], at now: UInt64) -> SocketFacts? {
    if let told = source.sockets {
      defer { last = told.readAt }
      return told.readAt == last ? nil : told
    }
    guard let pid = source.threads?.pid, now >= next else { return nil }
    let fds = rows.lazy.filter { $0.state == .waiting && $0.reason.group == .netpoll && $0.waitingOn != 0 }
      .map { Int(clamping: $0.waitingOn - 1) }.prefix(Self.mostWaiting)
    // Where there are events, only what Gs wait for is shown. For a source that samples, bytes that nobody reads are a finding.
    guard !fds.isEmpty || source.knowledge.gauges == .sampled else { return nil }
    let work = CPUWork(of: .thread)
    let facts = watch.facts(pid: pid, fds: Array(fds), most: Self.mostDescriptors)
    putOff(until: now &+ max(Self.pause, work.spent &* Self.share))
    return facts
  }

  /// Makes sure that there is no further look at the sockets before this moment, in nanoseconds.
  mutating func putOff(until moment: UInt64) { next = max(next, moment) }
}

extension SocketFacts {
  /// At most this many descriptors are sent; bytes with more are refused.
  private static let most = 8192

  package var bytes: [UInt8] {
    var out = ByteWriter()
    out.number(readAt)
    out.number((hasAllFilled ? 1 : 0) as UInt64)
    // In order, so that sockets that have not changed repeat the bytes that were sent before, which compresses well.
    for (fd, found) in found.sorted(by: { $0.key < $1.key }).prefix(Self.most) {
      let socket = found.socket
      out.number(UInt64(clamping: fd))
      out.number(found.inode)
      out.number((socket.isListening ? 1 : 0) as UInt64)
      for text in [socket.local, socket.peer, socket.other] { out.text(text ?? "") }
      for count in [socket.unread, socket.unacknowledged] { out.number(count.map { UInt64(clamping: $0) }) }
    }
    return out.bytes
  }

  /// Reads what is known of sockets; nil: the bytes are not those of such facts.
  package init?(_ bytes: [UInt8]) {
    var body = ByteReader(bytes)
    guard let readAt = body.number(), let flags = body.number() else { return nil }
    self.init(readAt: readAt, found: [:], hasAllFilled: flags & 1 != 0)
    while !body.isAtEnd {
      guard found.count < Self.most, let fd = body.number(upTo: Int(Int32.max)), let next = Found(from: &body)
      else { return nil }
      found[fd] = next
    }
  }
}

extension SocketFacts.Found {
  fileprivate init?(from body: inout ByteReader) {
    guard let inode = body.optional(), let flags = body.number(), let local = body.text(),
      let peer = body.text(), let other = body.text(), let unread = body.optional(),
      let unacknowledged = body.optional()
    else { return nil }
    var socket = Socket()
    socket.isListening = flags & 1 != 0
    func text(_ text: String) -> String? { text.isEmpty ? nil : text }
    (socket.local, socket.peer, socket.other) = (text(local), text(peer), text(other))
    func count(_ value: UInt64?) -> Int? { value.map { Int(min($0, UInt64(plausible))) } }
    (socket.unread, socket.unacknowledged) = (count(unread), count(unacknowledged))
    self.init(socket: socket, inode: inode)
  }
}
