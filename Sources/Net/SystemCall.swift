// The socket calls, each with its errno as a value.
//
// `errno` is a thread's own, and the C library promises the compiler that its address never changes. For a G
// that parks and goes on in another thread it does. So every call and the reading of its errno stand together
// in a function that is never inlined, and what crosses into code that may park is a plain number: a result,
// or minus an errno.

import CNet
import Glibc

enum SystemCall {
  static func accept(_ fd: Int32) -> Int { Int(cnet_accept(fd)) }

  static func receive(_ fd: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    unsafe cnet_receive(fd, buffer.baseAddress, UInt(buffer.count))
  }

  /// A peer that is gone is EPIPE here, never SIGPIPE.
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

  /// What the system knows of a TCP connection; nil for another kind of socket.
  @inline(never)
  static func information(_ fd: Int32) -> tcp_info? {
    var found = tcp_info()
    var length = socklen_t(MemoryLayout<tcp_info>.size)
    return unsafe getsockopt(fd, Int32(IPPROTO_TCP), TCP_INFO, &found, &length) == 0 ? found : nil
  }

  /// SO_LINGER without any time: `close` drops what is unsent, and resets.
  @inline(never)
  static func dropAtClose(_ fd: Int32) -> Int {
    var option = linger(l_onoff: 1, l_linger: 0)
    return result(unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size)))
  }

  /// How an attempt to connect stands: 0 connected, EINPROGRESS, or why it failed.
  @inline(never)
  static func connection(_ fd: Int32) -> Int32 {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    if unsafe getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0 { return errno }
    if code != 0 { return code }
    // No error yet does not mean that there is a peer.
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
