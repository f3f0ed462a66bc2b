// A server that does to each request what a test says.
import Foundation
import Synchronization
import TestSupport

/// Threads that listen on a port of 127.0.0.1 and answer, until this object is gone.
final class ScriptedServer: Sendable {
  enum Act: Sendable {
    /// Sends these bytes, and reads the next request.
    case answer(String)
    /// Sends these bytes, and ends the connection.
    case lastAnswer(String)
    /// Ends the connection with a reset.
    case reset
    /// Does nothing more on this connection.
    case silence
  }

  static let ok = Act.answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

  let port: UInt16
  /// Requests that have come so far, with their request lines.
  var lines: [String] { requests.withLock { $0 } }
  private let listener: Int32
  private let requests = Mutex<[String]>([])

  /// - Parameter script: gets the number of a request, counted over all connections from 0.
  init(_ script: @escaping @Sendable (Int) -> Act) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = unsafe withUnsafeMutablePointer(to: &address) { [listener] address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, length) == 0 && listen(listener, 1024) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw Broken("listen: errno \(errno)") }
    port = UInt16(bigEndian: address.sin_port)
    // The threads must not keep this object alive, whose end is theirs.
    let note: @Sendable (String) -> Int = { [weak self] line in
      self?.requests.withLock { requests in
        requests.append(line)
        return requests.count - 1
      } ?? 0
    }
    Thread.detachNewThread { [listener] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        Thread.detachNewThread { Self.serve(client, script, note) }
      }
      close(listener)
    }
  }

  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  var url: String { "http://127.0.0.1:\(port)/" }

  private static func serve(
    _ client: Int32, _ script: (Int) -> Act, _ note: (String) -> Int
  ) {
    defer { close(client) }
    while let line = requestLine(client) {
      switch script(note(line)) {
      case .answer(let text): send(text, to: client)
      case .lastAnswer(let text): return send(text, to: client)
      case .reset:
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(client, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        return
      case .silence: while requestLine(client) != nil {}
      }
    }
  }

  /// Reads a request, and returns its first line; nil: the client has left.
  private static func requestLine(_ client: Int32) -> String? {
    var received: [UInt8] = []
    while received.suffix(4) != Array("\r\n\r\n".utf8)[...] {
      var byte: UInt8 = 0
      guard unsafe recv(client, &byte, 1, 0) == 1 else { return nil }
      received.append(byte)
    }
    return String(decoding: received.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
  }

  private static func send(_ text: String, to client: Int32) {
    let bytes = Array(text.utf8)
    _ = unsafe bytes.withUnsafeBytes {
      unsafe Foundation.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
  }
}
