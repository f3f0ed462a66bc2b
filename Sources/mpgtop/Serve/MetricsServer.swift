// `mpgtop serve`: the gauges and counters of a process, for Prometheus to come and get.
//
// A server as small as can be, on one thread: it waits for its sockets, and answers a request with one snapshot, taken
// at that moment. Between scrapes it does nothing but look, four times a second, whether it shall stop, and once a second
// how deep the queues became: maxima are those of the last minute, so that no scraper takes another's away. It does not
// drain the rings, so it costs the target nothing. Clients have limits in number, in bytes and in time; whoever does
// not come to the point is hung up on, and the others wait in the kernel's queue meanwhile.
internal import Glibc
import Inspector

struct MetricsServer {
  let options: ServeOptions

  /// Connections at a time.
  private static let most = 32
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
    // A socket of less than nothing is passed over: nobody is accepted while all places are taken.
    var sockets = [pollfd(fd: scrapers.count < most ? listener : -1, events: Int16(POLLIN), revents: 0)]
    sockets += scrapers.map { pollfd(fd: $0.socket, events: $0.events, revents: 0) }
    let count = unsafe poll(&sockets, nfds_t(sockets.count), pause)
    return sockets.map { count > 0 && $0.revents != 0 }
  }

  private static func accept(_ listener: Int32, _ scrapers: inout [Scraper]) {
    while scrapers.count < most {
      let socket = Glibc.accept(listener, nil, nil)
      guard socket >= 0 else {
        // Nobody is left; or there are no descriptors, and then it is not asked again at once.
        if [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) { usleep(UInt32(pause) * 1000) }
        return
      }
      _ = fcntl(socket, F_SETFL, O_NONBLOCK)
      if let scraper = Scraper(socket) { scrapers.append(scraper) }
    }
  }
}
