// The port contract of netpoll: what a backend must supply, and what holds after each call. docs/porting.md says the
// same for authors of a new backend. Tests/CContract asks all of it of every backend.
//
// §1 What Pollable and PollDescriptor rely on.
//     register    From now on, whenever the descriptor becomes ready in either direction, that is reported at least once;
//                 if it is ready at this moment, that is reported too. A report may be wrong: the descriptor is not ready.
//                 What cannot be waited for is refused: a regular file with EPERM, no descriptor with EBADF.
//     arm         A G has found that the descriptor is not ready for a direction, has announced itself, and is about to
//                 park. If the descriptor has become ready since, or becomes so, that is reported. Only backends whose
//                 polls are one-shot need the call; to the others it means nothing, since `register` promises more.
//     unregister  Nothing is reported afterwards for this registration (a late report has the tag of an old generation,
//                 and is dropped), and the caller may close the descriptor. The kernel lets go of the descriptor
//                 soon, if not at once.
//     collect     Reports the ready descriptors. What a report announces is there to be read by then. When several
//                 threads collect at once, each piece of news goes to one of them. A collect that does not wait may
//                 find nothing because another thread is collecting. A descriptor with nothing new is soon
//                 reported no more.
//     breakWait   Ends the current wait in `collect`, or else the next one; even if a thread that does not wait
//                 collects in between.
//     flush       Does what only the netpoll thread may do; only that thread calls it. `hasUnflushed` says whether
//                 there is anything to do; the netpoll thread asks that before it sleeps elsewhere (Netpoll §3).
//
// §2 The backend is chosen once, at boot. It is an enum with a payload, so a call is a switch on a word that never
// changes: no pointer to follow, no reference to count. All backends are compiled on every system. `available` says
// which of them this process has: those of the system, and in tests also those for which a stand-in is linked.
import CMPG
import Glibc
import Region

enum Backend {
  case epoll(Epoll)
  case ioUring(Uring)
  case kqueue(Kqueue)
  case iocp(IOCP)

  /// The backends of this process. The first is the default.
  static let available: [NetpollKind] = {
    var all: [NetpollKind] = []
    #if os(Linux)
      all = [.epoll, .ioUring]
    #endif
    if mpg_has_kqueue() { all.append(.kqueue) }
    if IOCP.isHere { all.append(.iocp) }
    return all
  }()

  var kind: NetpollKind {
    switch self {
    case .epoll: .epoll
    case .ioUring: .ioUring
    case .kqueue: .kqueue
    case .iocp: .iocp
    }
  }

  /// Starts to watch `fd` for both directions. The descriptor's tag comes back with each event.
  func register(_ fd: Int32, _ descriptor: PollDescriptor, by m: M) throws(SystemError) {
    switch self {
    case .epoll(let epoll): try epoll.register(fd, tag: descriptor.tag)
    case .ioUring(let uring): try uring.register(fd, descriptor, by: m)
    case .kqueue(let kqueue): try kqueue.register(fd, tag: descriptor.tag)
    case .iocp(let iocp): try iocp.register(fd, descriptor)
    }
  }

  /// Asks for news of `direction`, for a G that has announced itself there (PollDescriptor §1) and is about to park.
  /// Returns a G to make ready, if there is one.
  @inline(__always)
  func arm(_ direction: Pollable.Direction, _ descriptor: PollDescriptor) -> G? {
    if case .iocp(let iocp) = self { iocp.arm(direction, descriptor) } else { nil }
  }

  /// Stops watching `fd`, which is still open.
  func unregister(_ fd: Int32, _ descriptor: PollDescriptor, by m: M) {
    switch self {
    case .epoll(let epoll): epoll.unregister(fd)
    case .ioUring(let uring): uring.unregister(descriptor, by: m)
    case .kqueue(let kqueue): kqueue.unregister(fd)
    case .iocp(let iocp): iocp.unregister(descriptor)
    }
  }

  /// Waits up to `nanoseconds` (0: not at all; < 0: without limit), and reports each ready descriptor, with what it is
  /// ready for. Only the netpoll thread may wait. An error or a hang-up counts as ready for both: the next system call
  /// will tell. Returns the number of reports. Allocates nothing: sysmon calls it.
  func collect(
    _ m: M, nanoseconds: Int64, _ report: (PollDescriptor, _ readable: Bool, _ writable: Bool) -> Void
  ) -> Int {
    switch self {
    case .epoll(let epoll): epoll.collect(nanoseconds: nanoseconds, report)
    case .ioUring(let uring): uring.collect(m, nanoseconds: nanoseconds, report)
    case .kqueue(let kqueue): kqueue.collect(nanoseconds: nanoseconds, report)
    case .iocp(let iocp): iocp.collect(nanoseconds: nanoseconds, report)
    }
  }

  /// Ends the current wait in `collect`, or else the next one.
  func breakWait() {
    switch self {
    case .epoll(let epoll): epoll.breakWait()
    case .ioUring(let uring): uring.breakWait()
    case .kqueue(let kqueue): kqueue.breakWait()
    case .iocp(let iocp): iocp.breakWait()
    }
  }

  /// Submits the orders that threads have pushed (io_uring); with other backends does nothing. Only the netpoll thread
  /// calls this.
  func flush() { if case .ioUring(let uring) = self { uring.flush() } }

  /// Whether `flush` has anything to do. Sequentially consistent.
  var hasUnflushed: Bool { if case .ioUring(let uring) = self { uring.hasUnflushed } else { false } }
}

// MARK: the choice

extension Backend {
  /// The backend that `options` or the environment ask for. When it is not available, ends the process with one line
  /// and status 1.
  static func choose(_ options: Options) -> Backend {
    let kind = options.netpoll ?? environment()
    guard available.contains(kind) else {
      refuse("netpoll \(kind) is not of this system; there are: \(list)")
    }
    do throws(SystemError) {
      return try make(kind, options.rings)
    } catch {
      let advice = kind == available[0] ? "" : "; take MPG_NETPOLL=\(available[0])"
      refuse("netpoll \(kind) is refused by the system: \(error)\(advice)")
    }
  }

  static func make(_ kind: NetpollKind, _ rings: RingSizes = RingSizes()) throws(SystemError) -> Backend {
    switch kind {
    case .none, .epoll: .epoll(try Epoll())
    case .ioUring: .ioUring(try Uring(rings))
    case .kqueue: .kqueue(try Kqueue())
    case .iocp: .iocp(try IOCP())
    }
  }

  private static func environment() -> NetpollKind {
    guard let word = unsafe getenv("MPG_NETPOLL").map({ unsafe String(cString: $0) }), !word.isEmpty else {
      return available[0]
    }
    if let kind = NetpollKind.allCases.first(where: { "\($0)" == word && $0 != .none }) { return kind }
    refuse("MPG_NETPOLL=\(word) is no netpoll; there are: \(list)")
  }

  private static var list: String { available.map { "\($0)" }.joined(separator: ", ") }

  private static func refuse(_ message: String) -> Never {
    tell(message)
    exit(1)
  }
}
