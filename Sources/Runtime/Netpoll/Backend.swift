// The port contract of netpoll: what a backend must supply, and what holds after each call. docs/porting.md says the
// same for authors of a new backend, with completion ports as the example.
//
// §1 What Pollable and PollDescriptor rely on.
//     register    From now on, whenever the descriptor becomes ready in either direction, that is reported at least once;
//                 if it is ready at this moment, that is reported too. A report may be wrong: the descriptor is not ready.
//     unregister  Nothing of this life of the descriptor is reported afterwards (the tag's generation sees to that),
//                 and the caller may close the descriptor. The kernel lets go of it soon, if not at once.
//     collect     Reports the ready descriptors. What a report announces is there to be read by then. When several
//                 threads collect at once, each piece of news goes to one of them. A collect that does not wait may
//                 find nothing because another thread is collecting.
//     breakWait   Ends the current wait in `collect`, or else the next one; even if a thread that does not wait
//                 collects in between.
//     flush       Does what only the netpoll thread may do; only that thread calls it. `hasUnflushed` says whether
//                 there is anything to do. After a change, ask it before the thread may sleep elsewhere (Netpoll §3).
//
// §2 The backend is chosen once, at boot. It is an enum with a payload, so a call is a switch on a word that never
// changes: no pointer to follow, no reference to count.
import Glibc
import Region

enum Backend {
  case epoll(Epoll)
  case ioUring(Uring)
  #if os(macOS) || os(FreeBSD) || os(OpenBSD)
    case kqueue(Kqueue)
  #endif

  /// The backends of this system. The first is the default.
  #if os(macOS) || os(FreeBSD) || os(OpenBSD)
    static let available: [NetpollKind] = [.kqueue]
  #else
    static let available: [NetpollKind] = [.epoll, .ioUring]
  #endif

  var kind: NetpollKind {
    switch self {
    case .epoll: .epoll
    case .ioUring: .ioUring
    #if os(macOS) || os(FreeBSD) || os(OpenBSD)
      case .kqueue: .kqueue
    #endif
    }
  }

  /// Starts to watch `fd` for both directions. The descriptor's tag comes back with each event.
  func register(_ fd: Int32, _ descriptor: PollDescriptor, by m: M) throws(SystemError) {
    switch self {
    case .epoll(let epoll): try epoll.register(fd, tag: descriptor.tag)
    case .ioUring(let uring): try uring.register(fd, descriptor, by: m)
    #if os(macOS) || os(FreeBSD) || os(OpenBSD)
      case .kqueue(let kqueue): try kqueue.register(fd, tag: descriptor.tag)
    #endif
    }
  }

  /// Stops watching `fd`, which is still open.
  func unregister(_ fd: Int32, _ descriptor: PollDescriptor, by m: M) {
    switch self {
    case .epoll(let epoll): epoll.unregister(fd)
    case .ioUring(let uring): uring.unregister(descriptor, by: m)
    #if os(macOS) || os(FreeBSD) || os(OpenBSD)
      case .kqueue(let kqueue): kqueue.unregister(fd)
    #endif
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
    #if os(macOS) || os(FreeBSD) || os(OpenBSD)
      case .kqueue(let kqueue): kqueue.collect(nanoseconds: nanoseconds, report)
    #endif
    }
  }

  /// Ends the current wait in `collect`, or else the next one.
  func breakWait() {
    switch self {
    case .epoll(let epoll): epoll.breakWait()
    case .ioUring(let uring): uring.breakWait()
    #if os(macOS) || os(FreeBSD) || os(OpenBSD)
      case .kqueue(let kqueue): kqueue.breakWait()
    #endif
    }
  }

  /// Does what only the netpoll thread may do; only that thread calls this.
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
      return try make(kind, options)
    } catch {
      let advice = kind == available[0] ? "" : "; take MPG_NETPOLL=\(available[0])"
      refuse("netpoll \(kind) is refused by the system: \(error)\(advice)")
    }
  }

  private static func make(_ kind: NetpollKind, _ options: Options) throws(SystemError) -> Backend {
    #if os(macOS) || os(FreeBSD) || os(OpenBSD)
      return .kqueue(try Kqueue())
    #else
      return kind == .ioUring ? .ioUring(try Uring(options.rings)) : .epoll(try Epoll())
    #endif
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
