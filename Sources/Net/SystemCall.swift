// The socket calls. Each returns its result, or minus an errno.
//
// Every thread has its own `errno`, and the C library promises the compiler that the address of `errno` never changes within
// a function. For a G that parks and goes on in another thread, it does change. So each call and the reading of its errno
// are together in a function that is never inlined, and code that may park gets a plain number only.

import CNet
import Glibc

enum SystemCall {
  static func accept(_ fd: Int32) -> Int { Int(cnet_accept(fd)) }

  static func receive(_ fd: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    unsafe cnet_receive(fd, buffer.baseAddress, UInt(buffer.count))
  }

  /// Sends bytes. When the peer is gone, it returns minus EPIPE; SIGPIPE is never raised.
  static func send(_ fd: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
    unsafe cnet_send(fd, buffer.baseAddress, UInt(buffer.count))
  }

  static func unacknowledged(_ fd: Int32) -> Int { Int(cnet_unacknowledged(fd)) }

  @inline(never)
  static func shutdown(_ fd: Int32, _ how: Int) -> Int { result(Glibc.shutdown(fd, Int32(how))) }

  @inline(never)
  static func socket(_ family: Int32) -> Int {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    return result(Glibc.socket(family, type, 0))
  }

  @inline(never)
  static func enable(_ fd: Int32, _ level: Int32, _ option: Int32) -> Int {
    var one: Int32 = 1
    return result(unsafe setsockopt(fd, level, option, &one, socklen_t(MemoryLayout<Int32>.size)))
  }

  /// The system's information about a TCP connection (TCP_INFO); nil for another kind of socket.
  @inline(never)
  static func information(_ fd: Int32) -> tcp_info? {
    var found = tcp_info()
    var length = socklen_t(MemoryLayout<tcp_info>.size)
    return unsafe getsockopt(fd, Int32(IPPROTO_TCP), TCP_INFO, &found, &length) == 0 ? found : nil
  }

  /// Sets SO_LINGER to zero seconds: `close` then drops unsent bytes and resets the connection.
  @inline(never)
  static func dropAtClose(_ fd: Int32) -> Int {
    var option = linger(l_onoff: 1, l_linger: 0)
    return result(unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size)))
  }

  /// The state of an attempt to connect: 0 when it has succeeded, EINPROGRESS while it goes on, else the errno of its failure.
  @inline(never)
  static func connection(_ fd: Int32) -> Int32 {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    if unsafe getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0 { return errno }
    if code != 0 { return code }
    // Without an error the attempt to connect may have succeeded or may still go on. Only a connected socket
    // has a peer.
    var peer = sockaddr_storage()
    length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = unsafe withUnsafeMutableBytes(of: &peer) {
      unsafe getpeername(fd, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
    }
    return result == 0 ? 0 : errno == ENOTCONN ? EINPROGRESS : errno
  }

  @inline(never)
  static func listen(_ fd: Int32, _ backlog: Int32) -> Int { result(Glibc.listen(fd, backlog)) }

  static func close(_ fd: Int32) { _ = Glibc.close(fd) }

  private static func result(_ value: some FixedWidthInteger) -> Int {
    value < 0 ? -Int(errno) : Int(value)
  }
}
