// Connections and listeners as a G sees them: names, connecting, deadlines, closing.

import Glibc
import Net
import TestSupport
import Testing

@testable import MPG

/// A port of 127.0.0.1 on which nobody listens. The port is bound, so nobody else can take it.
private func deafPort() throws -> UInt16 {
  let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  return unsafe withUnsafeMutableBytes(of: &address) {
    let pointer = unsafe $0.baseAddress!.assumingMemoryBound(to: sockaddr.self)
    check(unsafe bind(fd, pointer, length) == 0, "a port")
    check(unsafe getsockname(fd, pointer, &length) == 0, "its number")
    return unsafe UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))
  }
}

/// Reads a byte into memory of its own, as `TCPConnection.read` demands.
private func readByte(_ connection: TCPConnection) throws -> UInt8? {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
  defer { unsafe buffer.deallocate() }
  return unsafe try connection.read(into: buffer) == 1 ? buffer[0] : nil
}

private func writeByte(_ byte: UInt8, _ connection: TCPConnection) throws {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
  defer { unsafe buffer.deallocate() }
  unsafe buffer[0] = byte
  unsafe try connection.write(UnsafeRawBufferPointer(buffer), within: .seconds(60))
}

@Suite("Connections")
struct NetTests {
  @Test(
    "a G connects by name or by address, and what it sends arrives", arguments: ["localhost", "127.0.0.1"])
  func connecting(host: String) async {
    await #expect(processExitsWith: .success) { [host = host as String] in
      withListener { listener, port in
        for patience in [nil, Duration.seconds(60)] {
          let echoed = Channel<Void>(capacity: 1)
          go {
            let accepted = try listener.accept()
            if let byte = try readByte(accepted) { try writeByte(byte + 1, accepted) }
            echoed.send(())
          }
          let connection = try TCPConnection.connect(host: host, port: port, within: patience)
          try writeByte(41, connection)
          check(try readByte(connection) == 42, "the answer")
          echoed.receive()
        }
      }
    }
  }

  @Test("where nobody listens connecting fails with ECONNREFUSED, at once")
  func refused() async {
    await #expect(processExitsWith: .success) {
      withListener { _, _ in
        let port = try deafPort()
        for host in ["127.0.0.1", "localhost"] {
          let error = failure {
            _ = try TCPConnection.connect(host: host, port: port, within: .seconds(100_000))
          }
          check(
            error == .failed(call: "connect", errno: ECONNREFUSED),
            "to be refused, not \(String(describing: error))")
        }
      }
    }
  }

  @Test("a name that nobody has is an error that names it")
  func unknownNames() async {
    await #expect(processExitsWith: .success) {
      withListener { _, port in
        // Too long for a host name, so it cannot be looked up.
        let name = String(repeating: "x", count: 300)
        let error = failure { _ = try TCPConnection.connect(host: name, port: port) }
        guard case .unknownHost(name, _) = error else { return check(false, "unknownHost") }
      }
    }
  }

  @Test("looking up a name is a system call as the scheduler counts it, and names all addresses")
  func lookUpsAreSystemCalls() async {
    await #expect(processExitsWith: .success) {
      withListener(procs: 1) { _, port in
        let before = sched.region.lane(p: 0).counters[.syscalls].relaxed
        let found = try Address.resolve("localhost", port: port)
        check(sched.region.lane(p: 0).counters[.syscalls].relaxed == before + 1, "one system call")
        check(!found.isEmpty, "an address")
        check(
          found.allSatisfy { ["127.0.0.1:\(port)", "[::1]:\(port)"].contains("\($0)") },
          "loopback, not \(found)")
      }
    }
  }

  @Test("an attempt that is never answered ends with its deadline")
  func connectDeadline() async {
    await #expect(processExitsWith: .success) {
      alarm(120)
      MPG.main(MPG.Options(procs: 1)) {
        // A queue for one connection that nobody accepts: on loopback, the kernel drops further attempts to
        // connect.
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0, backlog: 0)
        var kept: [TCPConnection] = []
        var error: NetError?
        let clock = ContinuousClock()
        var start = clock.now
        for _ in 0..<10 where error == nil {
          start = clock.now
          error = failure {
            kept.append(
              try TCPConnection.connect(host: "127.0.0.1", port: socket.port, within: .milliseconds(100)))
          }
        }
        check(error == .timedOut, "to be out of time, not \(String(describing: error)) after \(kept.count)")
        check(clock.now - start >= .milliseconds(100), "it not to end early")
        let late = failure {
          _ = try TCPConnection.connect(host: "127.0.0.1", port: socket.port, within: .seconds(-1))
        }
        check(late == .timedOut, "a deadline in the past to end it at once")
      }
    }
  }

  @Test("cancelling reaches a G that connects")
  func connectCancelled() async {
    await #expect(processExitsWith: .success) {
      alarm(120)
      MPG.main(MPG.Options(procs: 2)) {
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0, backlog: 0)
        let (port, ended) = (socket.port, Channel<NetError>(capacity: 20))
        var open: [TCPConnection] = []
        while case let next = try? TCPConnection.connect(
          host: "127.0.0.1", port: port, within: .milliseconds(50)), let next
        {
          open.append(next)
        }
        withCancellation { scope in
          go {
            if let error = failure({ _ = try TCPConnection.connect(host: "127.0.0.1", port: port) }) {
              ended.send(error)
            }
          }
          while MPG.statistics().netpollParked == 0 { yield() }
          scope.cancel()
          check(ended.receive() == .cancelled, "the attempt to be cancelled")
        }
        check(open.count < 10, "the queue to be short")
      }
    }
  }

  @Test("accepting has a deadline, in the past or to come, and goes on when it is taken away")
  func acceptDeadline() async {
    await #expect(processExitsWith: .success) {
      withListener(procs: 1) { listener, port in
        let clock = ContinuousClock()
        let start = clock.now
        listener.setDeadline(.after(.milliseconds(20)))
        check(failure { _ = try listener.accept() } == .timedOut, "to be out of time")
        check(clock.now - start >= .milliseconds(20), "it not to end early")
        check(failure { _ = try listener.accept() } == .timedOut, "to be out of time again")
        listener.setDeadline(nil)
        let client = Channel<TCPConnection>(capacity: 1)
        go { client.send(try TCPConnection.connect(host: "127.0.0.1", port: port)) }
        _ = try listener.accept()
        _ = client.receive()
      }
    }
  }

  @Test("closing ends a wait to read, to write, to accept")
  func closing() async {
    await #expect(processExitsWith: .success) {
      withListener { listener, port in
        let connection = try TCPConnection.connect(host: "127.0.0.1", port: port)
        let peer = try listener.accept()
        let ended = Channel<NetError?>()
        go { ended.send(failure { _ = try readByte(connection) }) }
        go {
          let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 20, alignment: 1)
          defer { unsafe buffer.deallocate() }
          ended.send(
            failure { unsafe try connection.write(UnsafeRawBufferPointer(buffer), within: .seconds(100_000)) }
          )
        }
        go { ended.send(failure { _ = try listener.accept() }) }
        while MPG.statistics().netpollParked < 3 { yield() }
        connection.close()
        listener.close()
        for _ in 0..<3 { check(ended.receive() == .some(.some(.closed)), "closed") }
        withExtendedLifetime(peer) {}
      }
    }
  }

  @Test("a write that the peer does not take ends with its patience, while reading goes on")
  func writeDeadline() async {
    await #expect(processExitsWith: .success) {
      withListener { listener, port in
        let connection = try TCPConnection.connect(host: "127.0.0.1", port: port)
        let peer = try listener.accept()
        let read = Channel<UInt8?>()
        go { read.send(try readByte(connection)) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 20, alignment: 1)
        defer { unsafe buffer.deallocate() }
        let error = failure {
          unsafe try connection.write(UnsafeRawBufferPointer(buffer), within: .milliseconds(30))
        }
        check(error == .timedOut, "to be out of time")
        try writeByte(5, peer)
        check(read.receive() == .some(.some(5)), "the byte")
      }
    }
  }
}
