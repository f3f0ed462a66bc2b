// One connection of the metrics server: one request, one answer, then the end.
internal import Glibc
import Inspector

/// A client, from accept to end. Closes its socket when it is released.
final class Scraper {
  enum Phase { case reading, writing, closing }

  /// The time that a client has in total, in nanoseconds.
  static let patience: UInt64 = 5_000_000_000

  let socket: Int32
  let deadline = monotonicNow() + Scraper.patience
  private(set) var phase = Phase.reading
  private var request: ScrapeRequest
  private var output: ArraySlice<UInt8> = []

  /// Takes over `socket`, which must not block. nil: out of memory; then the socket is closed.
  init?(_ socket: Int32) {
    self.socket = socket
    guard let request = ScrapeRequest() else {
      close(socket)
      return nil
    }
    self.request = request
  }

  deinit { close(socket) }

  /// The events that this connection waits for, as flags of `poll`.
  var events: Int16 { Int16(phase == .writing ? POLLOUT : POLLIN) }

  /// Reads or writes as far as that is possible without blocking; false: the connection is over. Calls `metrics`
  /// once, when the whole request has arrived.
  func proceed(_ metrics: (MetricsForm) throws(Failure) -> String) throws(Failure) -> Bool {
    switch phase {
    case .reading:
      guard let bytes = receive() else { return false }
      guard let answer = try answer(to: request.take(bytes), metrics) else { return true }
      (output, phase) = (Array(answer.utf8)[...], .writing)
      return send()
    case .writing: return send()
    // Read and drop what the client still sends. Closing with unread bytes would reset the connection, and the client
    // would lose its answer.
    case .closing: return receive().map { _ in true } ?? false
    }
  }

  private func answer(
    to progress: ScrapeRequest.Progress, _ metrics: (MetricsForm) throws(Failure) -> String
  ) throws(Failure) -> String? {
    switch progress {
    case .incomplete: return nil
    case .refused(let status): return Self.answer(status, "\(status)\n")
    case .complete(let method, let path, let accept):
      guard method == "GET" || method == "HEAD" else {
        return Self.answer("405 Method Not Allowed", "405: GET and HEAD only\n", "Allow: GET, HEAD\r\n")
      }
      let hasBody = method == "GET"
      switch path {
      case "/metrics":
        let form = MetricsForm(accept: accept)
        return Self.answer("200 OK", try metrics(form), type: form.contentType, hasBody: hasBody)
      case "/": return Self.answer("200 OK", "mpgtop serves its metrics at /metrics\n", hasBody: hasBody)
      default: return Self.answer("404 Not Found", "404: there is only /metrics\n", hasBody: hasBody)
      }
    }
  }

  private static func answer(
    _ status: String, _ body: String, _ more: String = "",
    type: String = "text/plain; charset=utf-8", hasBody: Bool = true
  ) -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
      + "\(more)Connection: close\r\n\r\n" + (hasBody ? body : "")
  }

  /// The bytes that have arrived; nil: no more will come.
  private func receive() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe recv(socket, &bytes, bytes.count, 0)
    if count > 0 { return Array(bytes.prefix(count)) }
    return count < 0 && [EAGAIN, EINTR].contains(errno) ? [] : nil
  }

  private func send() -> Bool {
    while !output.isEmpty {
      let count = unsafe output.withUnsafeBytes {
        unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 { output = output.dropFirst(count) } else { return [EAGAIN, EINTR].contains(errno) }
    }
    shutdown(socket, Int32(SHUT_WR))
    phase = .closing
    return true
  }
}
