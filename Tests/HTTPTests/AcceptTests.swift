// Accepting while the system refuses: for lack of descriptors, because of one connection, or for good.
import CFaults
import Glibc
import Net
import TestSupport
import Testing

@testable import MPG

@Suite("Accepting when the system refuses")
struct AcceptTests {
  enum End: CaseIterable, Codable { case deadline, earlierDeadline, cancellation, timeOut, close }

  @Test(
    "with no descriptor left, a deadline, a cancellation and a close are heard while it waits for one",
    arguments: End.allCases, [EMFILE, EPERM])
  func pausesEnd(end: End, errno: Int32) async {
    await #expect(processExitsWith: .success) { [end = end as End, errno = errno as Int32] in
      withListener { listener, _ in
        let ended = Channel<NetError?>(capacity: 1)
        cfault_arm(CFAULT_ACCEPT4, 1, .max >> 1, errno)
        withCancellation(timeout: end == .timeOut ? .milliseconds(300) : nil) { scope in
          if end == .deadline { listener.setDeadline(.after(.milliseconds(300))) }
          if end == .earlierDeadline { listener.setDeadline(.after(.seconds(3600))) }
          go { ended.send(failure { _ = try listener.accept() }) }
          // Wait until the pauses between attempts are so long that the accepting G cannot notice the end by
          // chance.
          while cfault_calls() < (errno == EMFILE ? 8 : 24), end != .deadline, end != .timeOut { yield() }
          if end == .earlierDeadline { listener.setDeadline(.after(.zero)) }
          if end == .cancellation { scope.cancel() }
          if end == .close { listener.close() }
          let calls = cfault_calls()
          let error = ended.receive() ?? nil
          let wanted: NetError =
            switch end {
            case .deadline, .earlierDeadline: .timedOut
            case .cancellation, .timeOut: .cancelled
            case .close: .closed
            }
          check(error == wanted, "\(wanted), found \(String(describing: error))")
          if end == .close || end == .cancellation || end == .earlierDeadline {
            check(cfault_calls() <= calls + 1, "no further try, not \(cfault_calls() - calls)")
          }
        }
        _ = cfault_disarm()
      }
    }
  }

  @Test(
    "what happened to one connection is passed over, and the next is accepted",
    arguments: [
      ECONNABORTED, EPROTO, ENOPROTOOPT, EOPNOTSUPP, EPERM, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
      ENONET,
      ECONNRESET, ETIMEDOUT,
    ])
  func ofOneConnection(errno: Int32) async {
    await #expect(processExitsWith: .success) { [errno = errno as Int32] in
      withListener { listener, port in
        cfault_arm(CFAULT_ACCEPT4, 1, 3, errno)
        let client = try TCPConnection.connect(host: "127.0.0.1", port: port)
        _ = try listener.accept()
        checkEqual(cfault_disarm(), 3, "accepts that failed")
        client.close()
      }
    }
  }

  @Test("what is wrong with the listener itself is thrown")
  func broken() async {
    await #expect(processExitsWith: .success) {
      withListener { listener, _ in
        cfault_arm(CFAULT_ACCEPT4, 1, 1, ENOTSOCK)
        check(
          failure { _ = try listener.accept() } == .failed(call: "accept4", errno: ENOTSOCK),
          "the error to be thrown"
        )
      }
    }
  }

  @Test("when such errors do not end, there are pauses between the tries")
  func pauses() async {
    await #expect(processExitsWith: .success) {
      withListener { listener, _ in
        cfault_arm(CFAULT_ACCEPT4, 1, .max >> 1, EPERM)
        listener.setDeadline(.after(.milliseconds(500)))
        check(failure { _ = try listener.accept() } == .timedOut, "to be out of time")
        check(cfault_calls() < 40, "few tries in half a second, not \(cfault_calls())")
      }
    }
  }

  @Test("a listener that netpoll refuses is closed")
  func refusedListener() async {
    await #expect(processExitsWith: .success) {
      alarm(120)
      unsafe setenv("MPG_NETPOLL", "epoll", 1)
      MPG.main(MPG.Options(procs: 1)) {
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        cfault_arm(CFAULT_EPOLL_CTL, 1, 1, ENOSPC)
        check(failure { _ = try TCPListener(socket) } != nil, "to be refused")
        checkEqual(cfault_disarm(), 1, "refusals")
        check(fcntl(socket.fd, F_GETFD) == -1, "its descriptor to be closed")
      }
    }
  }
}

@Suite("The last reference to a socket")
struct SocketReferenceTests {
  /// Safe because: one thread at a time uses the object.
  private final class Holder: @unchecked Sendable {
    var things: [AnyObject] = []
    var fds: [Int32] = []

    func fill() throws {
      let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
      let listener = try TCPListener(socket)
      let client = try TCPConnection.connect(host: "127.0.0.1", port: socket.port)
      things = [listener, client, try listener.accept()]
      fds = [socket.fd]
    }

    func drop() {
      things = []
      check(fds.allSatisfy { fcntl($0, F_GETFD) == -1 }, "the descriptors to be closed")
    }
  }

  @Test("may be dropped inside blocking, and by a task on a thread of Swift's")
  func anywhere() async {
    await #expect(processExitsWith: .success) {
      alarm(120)
      MPG.main(MPG.Options(procs: 2)) {
        let holder = Holder()
        for _ in 0..<20 {
          try holder.fill()
          blocking { holder.drop() }
          try holder.fill()
          MPG.await { await Task.detached { holder.drop() }.value }
        }
        // As docs/interop.md describes: the task that made the connection ends together with it.
        let port = try ListeningSocket(host: "127.0.0.1", port: 0).port
        try MPG.await {
          let connection = try await MPG.run { try TCPConnection.connect(host: "127.0.0.1", port: port) }
          await MPG.run { connection.finishWriting() }
        }
      }
    }
  }
}
