// `mpgtop serve`: the gauges and counters of a process, for Prometheus to come and get.
//
// A server as small as can be, on one thread: it waits for its sockets, and answers a request with one snapshot, taken
// at that moment. Between scrapes it does nothing but look, four times a second, whether it shall stop, and once a second
// how deep the queues became: maxima are those of the last minute, so that no scraper takes another's away. It does not
// drain the rings, so it costs the target nothing. Clients have limits in bytes and in time, and there are places for so
// many. Nobody waits for a place: whoever comes is let in, and who has been there longest without coming to the point is
// hung up on for it. So a scraper, which asks as it comes, is served at once, however many others say nothing.
internal import Glibc
import Inspector

struct MetricsServer {
  let options: ServeOptions

  /// Connections at a time.
  private static let most = 256
  /// Of those who come, so many are let in before the others are served again.
  private static let mostAtOnce = 64
  /// Milliseconds between two looks at signals and at the target.
  private static let pause: Int32 = 250

  /// Serves until somebody asks it to stop. Throws `gone` when the target ends.
  func run(_ inspector: Inspector) throws(Failure) {
    let stop = StopSignals()
    let (listener, address) = try options.prometheus.listen()
    defer { close(listener) }
    let process = inspector.target.process
    say("mpgtop: metrics of \(inspector.target.name), pid \(process.pid), at http://\(address)/metrics")
    var scrapers: [Scraper] = []
    var doubt = DoubtReport()
    var peaks = PeakWindow()
    while !stop.came {
      let ready = Self.wait(scrapers, listener)
      let ending = try failing { () throws(InspectorError) in try inspector.ending() }
      if let ending { throw Failure(.gone(pid: process.pid, ending)) }
      doubt.tell(inspector.doubt)
      try failing { () throws(InspectorError) in try peaks.look(inspector) }
      let now = monotonicNow()
      var rest: [Scraper] = []
      for (index, scraper) in scrapers.enumerated() where now < scraper.deadline {
        guard ready[index + 1] else {
          rest.append(scraper)
          continue
        }
        let goesOn = try scraper.proceed { form throws(Failure) in
          try failing { () throws(InspectorError) in try peaks.snapshot(inspector) }.metrics(form)
        }
        if goesOn { rest.append(scraper) }
      }
      scrapers = rest
      if ready[0] { Self.accept(listener, &scrapers) }
    }
  }

  /// Waits a while; which of the sockets have something to say: the listener, then each client.
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
        guard [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) else { return }  // nobody is left
        // A place is a descriptor, and without one the system does not say whether anybody is left.
        guard isWaitedAt(listener) else { return }
        if hangUp(&scrapers) { continue }
        // There is none to be had: it is not asked again at once.
        usleep(UInt32(pause) * 1000)
        return
      }
      _ = fcntl(socket, F_SETFL, O_NONBLOCK)
      if scrapers.count >= most { _ = hangUp(&scrapers) }
      if let scraper = Scraper(socket) { scrapers.append(scraper) }
    }
  }

  /// Whether somebody has come who is not let in yet.
  private static func isWaitedAt(_ listener: Int32) -> Bool {
    var door = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&door, 1, 0) > 0
  }

  /// Makes room: of those who have their answer, else of those who have not asked, else of all, the first who came; false:
  /// there is nobody.
  private static func hangUp(_ scrapers: inout [Scraper]) -> Bool {
    for phase in [Scraper.Phase.closing, .reading, .writing] {
      guard let place = scrapers.firstIndex(where: { $0.phase == phase }) else { continue }
      scrapers.remove(at: place)
      return true
    }
    return false
  }
}
