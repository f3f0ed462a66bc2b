// `mpgtop serve`: serves the gauges and counters of a process to Prometheus.
//
// A minimal server on one thread. It waits for its sockets, and answers each request with one snapshot, taken at that moment.
// Between scrapes it only checks four times a second whether to stop, and once a second how deep the queues became. It does
// not drain the rings, so it costs the target nothing. Maxima cover the last minute, so several scrapers do not disturb each
// other.
//
// Each client has a limit in bytes and in time, and the number of clients is limited. A new client never waits for a place:
// if all are taken, the server closes a connection that has its answer, else the oldest that has not sent a whole request. A
// scraper sends its request at once. So it is answered at once, even beside many clients that send nothing.
internal import Glibc
import Inspector

struct MetricsServer {
  let options: ServeOptions

  /// The most connections at a time.
  private static let most = 256
  /// At most this many new connections are accepted before the others are served again.
  private static let mostAtOnce = 64
  /// The time between two checks of signals and target, in milliseconds.
  private static let pause: Int32 = 250

  /// Serves until SIGINT, SIGTERM or SIGHUP. Throws `gone` when the target ends.
  func run(_ source: any SchedulerSource) throws(Failure) {
    let stop = StopSignals()
    let (listener, address) = try options.prometheus.listen()
    defer { close(listener) }
    let target = source.identity
    say("mpgtop: metrics of \(target.name), pid \(target.pid), at http://\(address)/metrics")
    var scrapers: [Scraper] = []
    var doubt = DoubtReport()
    var peaks = PeakWindow()
    while !stop.came {
      let ready = Self.wait(scrapers, listener)
      let ending = try failing { () throws(InspectorError) in try source.ending() }
      if let ending { throw Failure(.gone(pid: target.pid, ending)) }
      doubt.tell(source.doubt)
      try failing { () throws(InspectorError) in try peaks.look(source) }
      let now = monotonicNow()
      var rest: [Scraper] = []
      for (index, scraper) in scrapers.enumerated() where now < scraper.deadline {
        guard ready[index + 1] else {
          rest.append(scraper)
          continue
        }
        let goesOn = try scraper.proceed { form throws(Failure) in
          try failing { () throws(InspectorError) in try peaks.snapshot(source) }.metrics(form)
        }
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
