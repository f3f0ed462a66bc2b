// `mpgtop serve`: serves the gauges and counters of one process, or of all, to Prometheus.
//
// A minimal server on one thread. It waits for its sockets, and answers each request with one snapshot of each target, taken at
// that moment by the target's own thread (TargetWatch.swift). What happens between scrapes, and what it costs, is told in
// TargetLook.swift. Maxima cover the last minute, so several scrapers do not disturb each other.
//
// Each client has a limit in bytes and in time, and the number of clients is limited. A new client never waits for a place:
// if all are taken, the server closes a connection that has its answer, else the oldest that has not sent a whole request. A
// scraper sends its request at once. So it is answered at once, even beside many clients that send nothing.
internal import Glibc
import Inspector

struct MetricsServer {
  let address: ListenAddress

  /// The most connections at a time.
  private static let most = 256
  /// At most this many new connections are accepted before the others are served again.
  private static let mostAtOnce = 64
  /// The time between two checks of signals and target, in milliseconds.
  private static let pause: Int32 = 250

  /// Serves until SIGINT, SIGTERM or SIGHUP. Throws `gone` when the only target ends.
  ///
  /// - Parameters:
  ///   - what: whose metrics these are, for people.
  ///   - fleet: makes the targets. Called when the signals are blocked, so that its threads do not take them.
  func run(_ what: String, _ fleet: () -> Fleet) throws(Failure) {
    let stop = StopSignals()
    let (listener, address) = try address.listen()
    defer { close(listener) }
    say("mpgtop: metrics of \(what) at http://\(address)/metrics")
    var fleet = fleet()
    var scrapers: [Scraper] = []
    var doubt = TroubleReport.doubt
    while !stop.came {
      let ready = Self.wait(scrapers, listener)
      try fleet.attend()
      doubt.tell(fleet.doubt?.description)
      let now = monotonicNow()
      var rest: [Scraper] = []
      for (index, scraper) in scrapers.enumerated() where now < scraper.deadline {
        guard ready[index + 1] else {
          rest.append(scraper)
          continue
        }
        let goesOn = try scraper.proceed { form throws(Failure) in try fleet.page(form) }
        if goesOn { rest.append(scraper) }
      }
      scrapers = rest
      if ready[0] { Self.accept(listener, &scrapers) }
    }
  }

  /// Waits until a socket is ready, at most `pause`. Returns for each socket whether it is ready: the
  /// listener first, then the clients.
  private static func wait(_ scrapers: [Scraper], _ listener: Int32) -> [Bool] {
    var sockets = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    sockets += scrapers.map { pollfd(fd: $0.socket, events: $0.events, revents: 0) }
    let count = unsafe poll(&sockets, nfds_t(sockets.count), pause)
    return sockets.map { count > 0 && $0.revents != 0 }
  }

  private static func accept(_ listener: Int32, _ scrapers: inout [Scraper]) {
    for _ in 0..<mostAtOnce {
      let socket = Glibc.accept(listener, nil, nil)
      guard socket >= 0 else {
        if [EINTR, ECONNABORTED].contains(errno) { continue }
        guard [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) else { return }  // no client is waiting
        // `accept` failed for lack of a descriptor. That error does not say whether a client is waiting, so
        // ask.
        guard isWaitedAt(listener) else { return }
        if hangUp(&scrapers) { continue }
        // No connection can be closed to free a descriptor. Wait, or the loop would spin.
        usleep(UInt32(pause) * 1000)
        return
      }
      _ = fcntl(socket, F_SETFL, O_NONBLOCK)
      if scrapers.count >= most { _ = hangUp(&scrapers) }
      if let scraper = Scraper(socket) { scrapers.append(scraper) }
    }
  }

  /// Whether a client waits to be accepted.
  private static func isWaitedAt(_ listener: Int32) -> Bool {
    var door = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&door, 1, 0) > 0
  }

  /// Closes one connection to make room: the oldest that has its answer, else the oldest that has not sent its request, else
  /// the oldest. Returns false if there is none.
  private static func hangUp(_ scrapers: inout [Scraper]) -> Bool {
    for phase in [Scraper.Phase.closing, .reading, .writing] {
      guard let place = scrapers.firstIndex(where: { $0.phase == phase }) else { continue }
      scrapers.remove(at: place)
      return true
    }
    return false
  }
}
