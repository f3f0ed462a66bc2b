// The blocks of the page "Sockets".
import HTTP
// snippet.echo
import MPG
import Net

/// Sends back what it reads, until the peer sends no more.
func sendBack(_ connection: TCPConnection) throws {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
  defer { buffer.deallocate() }
  while case let count = try connection.read(into: buffer), count > 0 {
    try connection.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), within: .seconds(30))
  }
}

// snippet.hide
enum Sockets {
  static let snippets: [String: @Sendable () throws -> Void] = [
    "echo": echo, "deadline": { MPG.main { try deadline() } }, "server": { MPG.main { try server() } },
  ]

  static func echo() {
    // snippet.show
    MPG.main {
      let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
      let listener = try TCPListener(socket)
      go {
        while true {
          let connection = try listener.accept()
          go { try sendBack(connection) }
        }
      }
      let connection = try TCPConnection.connect(host: "127.0.0.1", port: socket.port)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
      buffer.copyBytes(from: "hello".utf8)
      try connection.write(UnsafeRawBufferPointer(rebasing: buffer[..<5]), within: .seconds(10))
      let count = try connection.read(into: buffer)
      print(String(decoding: buffer[..<count], as: UTF8.self))
    }
    // snippet.end
  }

  static func deadline() throws {
    let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
    // snippet.deadline
    let connection = try TCPConnection.connect(
      host: "127.0.0.1", port: socket.port, within: .seconds(5))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
    connection.setReadDeadline(.after(.milliseconds(20)))
    do {
      _ = try connection.read(into: buffer)
    } catch {
      print("read:", error)
    }
    // snippet.end
  }

  static func server() throws {
    // snippet.server
    var mux = Mux()
    mux.handle("/hello") { request, response in
      response.write("Hello, \(try request.parameter("name") ?? "stranger")!")
    }
    let server = Server(mux)
    let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
    go { _ = try server.serve(socket) }
    // snippet.hide
    print(try lastLine(of: "GET /hello?name=Gopher HTTP/1.0\r\n\r\n", port: socket.port))
    // snippet.end
  }

  /// The last line of the answer to `request`.
  private static func lastLine(of request: String, port: UInt16) throws -> String {
    let connection = try TCPConnection.connect(host: "127.0.0.1", port: port)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: request.utf8)
    try connection.write(
      UnsafeRawBufferPointer(rebasing: buffer[..<request.utf8.count]), within: .seconds(10))
    var answer = ""
    while case let count = try connection.read(into: buffer), count > 0 {
      answer += String(decoding: buffer[..<count], as: UTF8.self)
    }
    return answer.split(separator: "\r\n").last.map(String.init) ?? ""
  }
}
