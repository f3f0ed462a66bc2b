// A listener for tests of the sockets below the server, and the error that ends such a test.
import Glibc
import MPG
import Net

/// Runs in a child process: boots the runtime, listens on a free port of 127.0.0.1, and runs `body` as the main G.
func withListener(
  procs: Int = 2, _ body: sending @escaping (TCPListener, UInt16) throws -> Void
) -> Never {
  alarm(120)
  MPG.main(MPG.Options(procs: procs)) {
    let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
    try body(try TCPListener(socket), socket.port)
  }
}

/// The network error that `body` throws; nil: it throws none.
func failure(_ body: () throws -> Void) -> NetError? {
  do { try body() } catch { return error as? NetError }
  return nil
}
