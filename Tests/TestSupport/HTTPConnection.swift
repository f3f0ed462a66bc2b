// A minimal HTTP client: one connection, and one request and answer at a time.
import Foundation

/// A connection to the server, kept alive for this object's lifetime.
package final class HTTPConnection {
  private let socket: LoopbackSocket
  private var received: [UInt8] = []

  package init(port: UInt16) throws { socket = try LoopbackSocket(connectedTo: port) }

  /// Sends a request for `path`.
  package func send(_ path: String) throws {
    try socket.send("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
  }

  /// The body of the next answer, which must be a 200 with a length.
  package func receive() throws -> String {
    var end = received.firstRange(of: Self.endOfHead)
    while end == nil {
      try more()
      end = received.firstRange(of: Self.endOfHead)
    }
    let head = String(decoding: received[..<end!.lowerBound], as: UTF8.self).lowercased()
    let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }?.dropFirst(16)
    guard head.hasPrefix("http/1.1 200 "), let length = length.flatMap({ Int($0) }) else {
      throw Broken(head)
    }
    while received.count < end!.upperBound + length { try more() }
    let body = String(decoding: received[end!.upperBound..<(end!.upperBound + length)], as: UTF8.self)
    received.removeFirst(end!.upperBound + length)
    return body
  }

  package func get(_ path: String) throws -> String {
    try send(path)
    return try receive()
  }

  /// Makes the kernel forget the connection as soon as it is closed, instead of keeping its port for a
  /// minute.
  package func leavesNoTrace() { socket.leavesNoTrace() }

  private func more() throws { received += try socket.receive() }
  private static let endOfHead = Array("\r\n\r\n".utf8)
}
