// The controller's side of control: holds, steps and slows a scheduler over its control socket (docs/control.md).
//
// This is the only way in which an observer touches its target, and the target must have been started with control. The
// region stays read-only. When the connection ends, however it ends, the scheduler runs free again.
internal import Glibc
import Host
import Observed
import Region

/// A connection that controls a scheduler, until `close`, or until the object is gone.
///
/// Not thread-safe: use one controller from one thread at a time. Each command waits for its answer, at most `patience`.
public final class Controller: SchedulerControl {
  /// How long to wait for an answer, in milliseconds.
  private static let patience: Int32 = 2000

  /// The process whose scheduler this controls.
  public let pid: Int32
  private var socket: Int32
  private var input: [UInt8] = []

  /// Connects to the scheduler whose region is `target`. The scheduler's pace does not change.
  /// - Throws: `ControlError`, also when another controller is connected.
  public init(_ target: Target) throws(ControlError) {
    pid = target.process.pid
    let name = target.path.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
    guard let region = RegionName(name) else { throw .notControlled(pid: pid) }
    let path = String(target.path.dropLast(name.count)) + Control.socketName(of: region)
    socket = try Self.connect(to: path, pid: pid)
    let line = try readLine()
    guard let greeting = Control.parseGreeting(line) else {
      if case .refused(let reason)? = ControlReply(line) { throw .refused(reason) }
      throw .nonsense(printable(line))
    }
    guard greeting.version == Control.version else { throw .otherVersion(greeting.version) }
  }

  deinit { close() }

  /// Ends the connection. The scheduler runs free again.
  public func close() {
    if socket >= 0 {
      // A child that this process has forked may have a copy of the socket. `shutdown` ends the connection all the same.
      shutdown(socket, Int32(SHUT_RDWR))
      Glibc.close(socket)
    }
    socket = -1
  }

  /// Carries out a command, and returns how the scheduler goes on.
  /// - Throws: `ControlError`. After `.lost` the connection is over, and the scheduler runs free.
  @discardableResult
  public func send(_ command: ControlCommand) throws(ControlError) -> ControlState {
    let bytes = Array((command.line + "\n").utf8)
    let sent = unsafe Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    guard sent == bytes.count else { throw .lost(pid: pid) }
    let line = try readLine()
    switch ControlReply(line) {
    case .done(let state): return state
    case .refused(let reason): throw .refused(reason)
    case nil: throw .nonsense(printable(line))
    }
  }

  private func readLine() throws(ControlError) -> String {
    while true {
      if let end = input.firstIndex(of: 10) {
        let line = String(decoding: input[..<end], as: UTF8.self)
        input.removeFirst(end + 1)
        return line
      }
      guard input.count <= Control.longest else { throw .nonsense("a line without an end") }
      var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      var piece = [UInt8](repeating: 0, count: 256)
      guard unsafe poll(&entry, 1, Self.patience) > 0, case let got = unsafe recv(socket, &piece, 256, 0),
        got > 0
      else { throw .lost(pid: pid) }
      input += piece.prefix(got)
    }
  }

  private static func connect(to path: String, pid: Int32) throws(ControlError) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .notControlled(pid: pid) }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let fd = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { throw .system(call: "socket", errno: errno) }
    let result = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result != 0 else { return fd }
    let code = errno
    Glibc.close(fd)
    throw code == ENOENT || code == ECONNREFUSED
      ? .notControlled(pid: pid) : .system(call: "connect to \(path)", errno: code)
  }
}
