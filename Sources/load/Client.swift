// One client of the load: a connection, opened anew when it must be, on which one request after the other is asked.

import MPG
import Net

/// A client for one G. While it waits for the server, its G is parked.
///
/// Memory: owns the memory into which it receives, and frees it.
@safe
struct Client: ~Copyable {
  /// After so long without a request, in nanoseconds, the client looks whether the server has closed the connection before it
  /// sends the next one. Servers close idle connections, which is no error. A closer look each time would cost a system call.
  private static let quiet: UInt64 = 100_000_000

  private let address: Address
  private let timeout: Duration
  private let parser = AnswerParser()
  private let room: UnsafeMutableRawBufferPointer
  private var connection: TCPConnection?
  private var lastUse: UInt64 = 0
  /// Bytes since this client exists.
  private(set) var (received, sent) = (0, 0)
  /// Connections that this client has opened.
  private(set) var opened = 0

  /// - Parameter room: bytes to receive at a time.
  init(_ address: Address, timeout: Duration, room: Int = 16 << 10) {
    (self.address, self.timeout) = (address, timeout)
    unsafe self.room = .allocate(byteCount: room, alignment: 1)
  }

  deinit { unsafe room.deallocate() }

  var isConnected: Bool { connection != nil }

  /// Opens the connection, if there is none.
  mutating func open(by deadline: Deadline? = nil) throws(Trouble) {
    guard connection == nil else { return }
    do {
      connection = try TCPConnection.connect(to: address, by: deadline ?? .after(timeout))
      opened += 1
    } catch { throw Trouble(error) }
  }

  /// Gives the connection away, to be held; nil: there is none.
  mutating func takeConnection() -> TCPConnection? { connection.take() }

  /// Asks, and waits for the answer. The connection is closed where it cannot be used again.
  /// - Parameter now: this moment, in nanoseconds.
  mutating func ask(_ request: RequestBytes, now: UInt64) throws(Trouble) -> Answer {
    let deadline = Deadline.after(timeout)
    if let connection, now > lastUse + Self.quiet, connection.peer != .here { self.connection = nil }
    do throws(Trouble) {
      try open(by: deadline)
      let answer = try exchange(request, deadline)
      if !answer.keepsAlive { connection = nil }
      lastUse = now
      return answer
    } catch {
      connection = nil
      throw error
    }
  }

  private mutating func exchange(_ request: RequestBytes, _ deadline: Deadline) throws(Trouble) -> Answer {
    guard let connection else { throw .closed }
    parser.reset()
    do throws(NetError) {
      try unsafe connection.write(request.bytes, within: deadline.timeLeft)
      connection.setReadDeadline(deadline)
    } catch { throw Trouble(error) }
    sent += unsafe request.bytes.count
    while true {
      let count: Int
      do { count = try unsafe connection.read(into: room) } catch { throw Trouble(error) }
      received += count
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: room[..<count])
      if let answer = try count > 0 ? unsafe parser.feed(bytes) : parser.finish() { return answer }
      if count == 0 { throw .closed }
    }
  }
}
