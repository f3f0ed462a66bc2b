// One trace of a running Go program, asked for by HTTP.
//
// What answers is not trusted: it may be any program. So each wait has an end, the answer has a largest size, and llhttp, which
// the server here uses as well, says where the answer ends. A trace is kept in memory until it is whole: Go writes it as its
// buffers fill, and what its Gs did at the trace's beginning is told at its end.
internal import CLLHTTP
internal import Glibc
import Host
import Observed

/// What is waited for, and how long.
package struct TracePatience: Sendable {
  /// How long connecting may take, in seconds.
  package var connecting = 5.0
  /// How long nothing may come, beyond the length of the trace, in seconds. A quiet program sends its trace at the end.
  package var silence = 10.0
  /// How long all of an answer may take, beyond twice the length of the trace, in seconds.
  package var whole = 30.0
  /// The most bytes of an answer.
  package var bytes = 128 << 20

  package init() {}
}

/// An answer.
package struct TraceAnswer: Sendable {
  /// The trace, as far as it came.
  package var bytes: [UInt8] = []
  /// When the last of it came, in nanoseconds of the clock here.
  package var came: UInt64 = 0
  /// Why it is not whole; nil: it is.
  package var cut: TraceTrouble?
}

/// Asks for a trace, on the caller's thread. Not thread-safe.
package struct TraceRequest: ~Copyable {
  private let address: TraceAddress
  private let patience: TracePatience
  private let isStopped: () -> Bool
  private var socket: Int32 = -1

  /// The time between two looks whether the request is still wanted, in nanoseconds.
  private static let slice: UInt64 = 100_000_000
  private static let part = 1 << 16

  /// - Parameter isStopped: asked from time to time; if it returns true, the request is given up.
  package init(
    _ address: TraceAddress, _ patience: TracePatience = TracePatience(),
    isStopped: @escaping () -> Bool = { false }
  ) {
    (self.address, self.patience, self.isStopped) = (address, patience, isStopped)
  }

  deinit { if socket >= 0 { close(socket) } }

  /// Asks, and waits for the answer.
  ///
  /// - Throws: `TraceTrouble` if not even the beginning of a trace came.
  package mutating func answer() throws(TraceTrouble) -> TraceAnswer {
    try connect()
    try send()
    var answer = TraceAnswer()
    let status: Int?
    do throws(TraceTrouble) {
      status = try receive(&answer)
      answer.came = monotonicNow()
    } catch {
      answer.came = monotonicNow()
      guard error.kind == .lost, !answer.bytes.isEmpty, Self.isTrace(answer.bytes) else { throw error }
      answer.cut = error
      return answer
    }
    guard status == 200 else { throw refusal(status ?? 0, answer.bytes) }
    guard Self.isTrace(answer.bytes) else {
      throw TraceTrouble(
        .notUnderstood,
        "\(address.server) answers, but with something else than a Go trace: is net/http/pprof at \(path)?")
    }
    return answer
  }

  private static func isTrace(_ bytes: [UInt8]) -> Bool {
    // Go never packs a trace that it serves. What is packed may be any number of bytes, so it is not taken.
    bytes.starts(with: "go 1.".utf8)
  }

  private var path: Substring { address.target.prefix { $0 != "?" } }

  // MARK: the connection

  private mutating func connect() throws(TraceTrouble) {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let problem = unsafe getaddrinfo(address.host, "\(address.port)", &hints, &list)
    guard problem == 0 else {
      let words = unsafe String(cString: gai_strerror(problem))
      throw TraceTrouble(.noServer, "cannot find the host \(address.host): \(words)")
    }
    defer { unsafe freeaddrinfo(list) }
    var failure: Int32 = ENOENT
    var next = unsafe list
    while let place = unsafe next {
      failure = unsafe connect(place.pointee)
      if failure == 0 { return }
      unsafe next = place.pointee.ai_next
    }
    let cure =
      failure == ECONNREFUSED
      ? "; does the program listen there, and import net/http/pprof?" : ""
    throw TraceTrouble(.noServer, "cannot connect to \(address.server): \(errnoText(failure))\(cure)")
  }

  /// Connects to one of the host's addresses. Returns 0, or the errno.
  private mutating func connect(_ place: addrinfo) -> Int32 {
    let type = unsafe place.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let new = unsafe Glibc.socket(place.ai_family, type, place.ai_protocol)
    guard new >= 0 else { return errno }
    if unsafe Glibc.connect(new, place.ai_addr, place.ai_addrlen) != 0 {
      var failure = errno
      if failure == EINPROGRESS {
        let until = monotonicNow() + UInt64(patience.connecting * 1e9)
        failure = wait(new, Int16(POLLOUT), until: until) ? 0 : ETIMEDOUT
        var length = socklen_t(MemoryLayout<Int32>.size)
        if failure == 0 { unsafe getsockopt(new, SOL_SOCKET, SO_ERROR, &failure, &length) }
      }
      guard failure == 0 else {
        close(new)
        return failure
      }
    }
    socket = new
    return 0
  }

  /// Waits until a socket can be read or written. false: the time is over, or nobody wants the answer any more.
  private func wait(_ socket: Int32, _ events: Int16, until: UInt64) -> Bool {
    while true {
      let now = monotonicNow()
      guard now < until, !isStopped() else { return false }
      var item = pollfd(fd: socket, events: events, revents: 0)
      let pause = Int32(clamping: (min(Self.slice, until - now) + 999_999) / 1_000_000)
      if unsafe poll(&item, 1, pause) > 0 { return true }
    }
  }

  private func send() throws(TraceTrouble) {
    let text =
      "GET \(address.target) HTTP/1.1\r\nHost: \(address.server)\r\nUser-Agent: mpgtop\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    var rest = Array(text.utf8)[...]
    let until = monotonicNow() + UInt64(patience.connecting * 1e9)
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EAGAIN, errno != EINTR {
        throw lost(errnoText(errno))
      } else if !wait(socket, Int16(POLLOUT), until: until) {
        throw lost("it does not take the request")
      }
    }
  }

  // MARK: the answer

  /// Puts the body of the answer into `answer`, and returns the status.
  private func receive(_ answer: inout TraceAnswer) throws(TraceTrouble) -> Int? {
    guard let parser = AnswerBody() else { throw TraceTrouble(.lost, "out of memory") }
    let start = monotonicNow()
    let whole = start + UInt64((2 * address.seconds + patience.whole) * 1e9)
    var bytes = [UInt8](repeating: 0, count: Self.part)
    var room = bytes
    while true {
      let silence = monotonicNow() + UInt64((address.seconds + patience.silence) * 1e9)
      guard wait(socket, Int16(POLLIN), until: min(silence, whole)) else {
        if isStopped() { throw lost("it was given up") }
        throw monotonicNow() >= whole
          ? lost(
            "it sends so slowly that a trace of \(words) took more than \(TimeText.short(whole - start))")
          : lost("nothing came for \(TimeText.short(UInt64((address.seconds + patience.silence) * 1e9)))")
      }
      let count = unsafe recv(socket, &bytes, bytes.count, 0)
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      guard count >= 0 else { throw lost(errnoText(errno)) }
      let (outcome, kept) = parser.feed(bytes, count: count, room: &room)
      answer.bytes += room[..<kept]
      if answer.bytes.count > patience.bytes {
        throw TraceTrouble(
          .notUnderstood,
          "\(address.server) does not end: a trace of \(words) has more than \(Quantity.bytes(UInt64(patience.bytes))); try a shorter one, ?seconds=0.2"
        )
      }
      switch outcome {
      case .complete(let status): return status
      case .more: if count == 0 { throw lost("it hung up in the middle of a trace") }
      case .refused(let reason):
        throw TraceTrouble(
          .notUnderstood,
          "\(address.server) does not speak HTTP (\(reason)): is this the port of net/http/pprof?")
      }
    }
  }

  private var words: String { "\(TimeText.short(UInt64(address.seconds * 1e9)))" }

  private func lost(_ reason: String) -> TraceTrouble {
    TraceTrouble(.lost, "no trace from \(address.server): \(reason)")
  }

  /// What an answer without a trace means.
  private func refusal(_ status: Int, _ body: [UInt8]) -> TraceTrouble {
    let text = printable(
      String(decoding: body.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline).first.map(
        String.init) ?? "")
    let said = text.isEmpty ? "" : " (\(text))"
    let words: String =
      switch status {
      case 404:
        "has nothing at \(path)\(said): the program must import net/http/pprof, and its path may be another one"
      case 300..<400: "answers \(status): it wants to be asked elsewhere; give that address"
      case 401, 403:
        "does not let us trace, \(status)\(said); with a name and password: curl -s -u NAME ADDRESS | mpgtop replay -"
      case _ where text.includes("already"):
        "is being traced by somebody else (\(text)): Go gives one trace at a time; end the other, or try again"
      default: "gives no trace, but answers \(status)\(said)"
      }
    return TraceTrouble(.refused, "\(address.server) \(words)")
  }
}

/// Finds the body of an answer and its end, by llhttp.
///
/// Memory: owns the C parser, and frees it.
@safe private struct AnswerBody: ~Copyable {
  enum Outcome {
    case more
    case complete(status: Int)
    case refused(String)
  }

  private let machine: OpaquePointer

  /// nil: out of memory.
  init?() {
    guard let machine = unsafe cllhttp_answer_create() else { return nil }
    unsafe self.machine = machine
  }

  deinit { unsafe cllhttp_answer_destroy(machine) }

  /// Takes the next bytes, none at the end of the stream, and puts the body's among them into `room`, which is as long.
  func feed(_ bytes: [UInt8], count: Int, room: inout [UInt8]) -> (Outcome, kept: Int) {
    let machine = unsafe machine
    let event = unsafe room.withUnsafeMutableBufferPointer { room in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe cllhttp_answer_keep(machine, room.baseAddress, room.count)
        defer { unsafe cllhttp_answer_keep(machine, nil, 0) }
        let event =
          count == 0
          ? unsafe cllhttp_answer_finish(machine)
          : unsafe cllhttp_answer_feed(machine, bytes.baseAddress, count)
        return (event, unsafe cllhttp_answer_kept(machine))
      }
    }
    switch event.0 {
    case cllhttp_answer_more: return (.more, event.1)
    case cllhttp_answer_complete:
      return (.complete(status: Int(unsafe cllhttp_answer_status(machine))), event.1)
    default: return (.refused(unsafe String(cString: cllhttp_answer_reason(machine))), event.1)
    }
  }
}
