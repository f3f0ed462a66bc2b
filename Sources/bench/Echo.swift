// TCP echo over loopback, client and server in this one process; one op is a round trip of 64 bytes.
import Glibc
import MPG
import Net

extension Measure {
  static let echoing = [
    Measure(name: "echo-1", procs: 2, operations: 100_000) { echo("echo-1", connections: 1, total: $0) },
    Measure(name: "echo-100", procs: 2, operations: 200_000) {
      echo("echo-100", connections: 100, total: $0)
    },
  ]

  private static let bytes = 64

  private static func echo(_ name: String, connections: Int, total: Int) {
    do {
      let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
      let listener = try TCPListener(socket)
      go { while let connection = try? listener.accept() { go { serve(connection) } } }
      let clients = try (0..<connections).map { _ in try TCPConnection(fd: connect(to: socket.port)) }
      let each = total / connections
      Report.timed(name, operations: each * connections) {
        let group = WaitGroup()
        group.add(connections)
        for client in clients {
          go {
            talk(client, rounds: each)
            group.done()
          }
        }
        group.wait()
      }
      for client in clients { client.close() }
      listener.close()
    } catch {
      fatalError("\(name): \(error)")
    }
  }

  private static func serve(_ connection: TCPConnection) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 1)
    defer { unsafe buffer.deallocate() }
    while let count = unsafe try? connection.read(into: buffer), count > 0 {
      let read = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
      guard unsafe (try? connection.write(read, within: .seconds(10))) != nil else { return }
    }
  }

  private static func talk(_ connection: TCPConnection, rounds: Int) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 1)
    defer { unsafe buffer.deallocate() }
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
    do {
      for _ in 0..<rounds {
        unsafe try connection.write(UnsafeRawBufferPointer(buffer), within: .seconds(10))
        var read = 0
        while read < bytes {
          let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[read...])
          let count = unsafe try connection.read(into: rest)
          precondition(count > 0, "the echo ended")
          read += count
        }
      }
    } catch {
      fatalError("echo: \(error)")
    }
  }

  /// A connected, non-blocking socket. `connect` to a backlog with room on loopback does not wait.
  @inline(never)
  private static func connect(to port: UInt16) -> Int32 {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    precondition(fd >= 0, "no socket: errno \(errno)")
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = unsafe withUnsafeBytes(of: address) {
      unsafe Glibc.connect(
        fd, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(MemoryLayout<sockaddr_in>.size))
    }
    precondition(result == 0, "no connection: errno \(errno)")
    var on: Int32 = 1
    unsafe setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    precondition(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "cannot make a socket non-blocking: errno \(errno)")
    return fd
  }
}
