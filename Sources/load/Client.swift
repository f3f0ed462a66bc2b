// One client of the load: it sends one request after the other over a connection, and opens a new connection when it must.

import MPG
import Net

/// A client for one G. While it waits for the server, its G is parked.
///
/// Memory: owns the memory into which it receives, and frees it.
@safe
struct Client: ~Copyable {
  /// A connection that was idle for longer than this, in nanoseconds, is checked before the next request is sent: the server
  /// may have closed it, which is no error. A check before every request would cost a system call each time.
  private static let quiet: UInt64 = 100_000_000

  private let address: Address
  private let timeout: Duration
  private let parser = AnswerParser()
  private let room: UnsafeMutableRawBufferPointer
  private var connection: TCPConnection?
  private var lastUse: UInt64 = 0
  /// The bytes received and sent since this client exists.
  private(set) var (received, sent) = (0, 0)
  /// The number of connections that this client has opened.
  private(set) var opened = 0

  /// - Parameter room: the most bytes to receive at a time.
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

  /// Takes the connection out of the client, for somebody else to hold it open; nil: there is none.
  mutating func takeConnection() -> TCPConnection? { connection.take() }

  /// Sends a request, and waits for the answer. Closes the connection if it cannot be used again.
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
