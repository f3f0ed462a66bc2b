// A server that says whatever a test wants it to say: the truth, nothing, half of it, or nonsense.
import Foundation
import Synchronization

/// Listens on 127.0.0.1, and answers each connection by a script. It ends with this object. Thread-safe.
package final class ScriptedServer: Sendable {
  /// A connection, for a script.
  package struct Connection {
    /// The number of the connection, from 0 on.
    package let number: Int
    fileprivate let fd: Int32

    /// The head of the request, up to its empty line.
    package func request() -> String {
      var bytes: [UInt8] = []
      var part = [UInt8](repeating: 0, count: 4096)
      while !String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") {
        let count = unsafe recv(fd, &part, part.count, 0)
        guard count > 0 else { break }
        bytes += part[..<count]
      }
      return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends bytes. false: the other side has gone.
    @discardableResult
    package func send(_ bytes: some Collection<UInt8>) -> Bool {
      var rest = Array(bytes)[...]
      while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes {
          unsafe Foundation.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }

    /// Sends an answer with its length.
    package func answer(_ status: String, _ body: some Collection<UInt8>) {
      send("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n".utf8)
      send(body)
    }

    /// Waits until the other side has gone.
    package func waitForEnd() {
      var byte: UInt8 = 0
      while unsafe recv(fd, &byte, 1, 0) > 0 {}
    }
  }

  package let port: UInt16
  private let listener: Mutex<LoopbackSocketBox>
  private let fd: Int32

  /// Holds the socket, which is only closed.
  private struct LoopbackSocketBox: @unchecked Sendable { let socket: LoopbackSocket }

  /// - Parameter script: what to do with each connection, on a thread of the connection's own.
  package init(port: UInt16 = 0, _ script: @escaping @Sendable (Connection) -> Void) throws {
    let socket = try LoopbackSocket(listening: port)
    (self.port, fd) = (socket.port, socket.fd)
    listener = Mutex(LoopbackSocketBox(socket: socket))
    let fd = fd
    Thread.detachNewThread {
      var number = 0
      while true {
        let connection = accept(fd, nil, nil)
        guard connection >= 0 else { return }
        let given = Connection(number: number, fd: connection)
        number += 1
        Thread.detachNewThread {
          script(given)
          close(connection)
        }
      }
    }
  }

  /// Stops listening. Connections go on.
  package func stop() { _ = shutdown(fd, Int32(SHUT_RDWR)) }

  deinit { stop() }
}
