// The control socket: a Unix socket beside the region, for one controller at a time (ControlThread §2, §3).
import CMPG
import Glibc
import Region

/// The socket that listens, the controller's connection, and the bell. Owner: the control thread.
///
/// Safe because: its path and its input are made once, and never freed.
@safe struct ControlSocket {
  /// What `wait` found, or what came of it.
  enum News {
    case none
    case line(ControlCommand)
    /// A line that is no command.
    case nonsense
    /// The controller is gone.
    case left
  }

  /// An eventfd that ends the control thread's wait.
  let bell: Int32
  private let listener: Int32
  /// The path of the socket, for `unlink`; never freed.
  private let path: UnsafeMutablePointer<CChar>
  private var controller: Int32 = -1
  private var controllerPid: Int32 = 0
  /// What the controller has sent and this thread has not taken as lines yet; the last line may be incomplete. Never
  /// freed.
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 1)
  private var count = 0

  /// Opens the socket beside the region's file.
  init(_ region: RegionFile) throws(SystemError) {
    guard let path = region.controlPath else {
      throw SystemError(call: "a region without a file", errno: ENOENT)
    }
    bell = try SystemCall.check("eventfd", mpg_eventfd())
    let fd = unsafe mpg_control_listen(path)
    if fd < 0 { close(bell) }
    listener = try SystemCall.check("listen at \(path)", fd)
    unsafe self.path = unsafe strdup(path)
  }

  func unlink() { unsafe _ = Glibc.unlink(path) }

  func closeAll() {
    close(bell)
    close(listener)
    if controller >= 0 { close(controller) }
  }

  // MARK: reading

  /// Returns the next line of the controller. If there is none, first waits up to `nanoseconds` (< 0: without limit)
  /// for the controller or the bell.
  @inline(never)
  mutating func wait(nanoseconds: Int64) -> News {
    if let line = nextLine() { return line }
    var (rang, knocked, said) = (false, false, false)
    unsafe mpg_control_wait(bell, listener, controller, nanoseconds, &rang, &knocked, &said)
    if knocked { accept() }
    guard said else { return .none }
    return read() ? nextLine() ?? .none : drop()
  }

  /// Reads what the controller has sent. Returns false if the connection has ended.
  private mutating func read() -> Bool {
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: input[count...])
    let got = unsafe recv(controller, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
    guard got > 0 else { return got < 0 && (errno == EAGAIN || errno == EINTR) }
    count += got
    return true
  }

  /// Takes the next line out of the input; nil: the line is not complete yet.
  private mutating func nextLine() -> News? {
    let filled = unsafe UnsafeRawBufferPointer(rebasing: input[..<count])
    guard let end = unsafe filled.firstIndex(of: 10) else {
      // The line is longer than any command. What has come of it is thrown away here; its rest will be nonsense too.
      guard count > Control.longest else { return nil }
      count = 0
      return .nonsense
    }
    let command = unsafe ControlCommand(UnsafeRawBufferPointer(rebasing: filled[..<end]))
    count -= end + 1
    unsafe _ = memmove(input.baseAddress!, filled.baseAddress! + end + 1, count)
    return command.map { .line($0) } ?? .nonsense
  }

  /// Ends the controller's connection.
  private mutating func drop() -> News {
    close(controller)
    (controller, controllerPid, count) = (-1, 0, 0)
    return .left
  }

  // MARK: who may control

  @inline(never)
  private mutating func accept() {
    var pid: Int32 = 0
    let fd = unsafe mpg_control_accept(listener, &pid)
    guard fd >= 0 else { return }
    guard controller < 0 else {
      var line = ControlLine()
      line.add("error process ")
      line.add(Int(controllerPid))
      line.add(" controls this scheduler already")
      _ = write(line, to: fd)
      close(fd)
      return
    }
    (controller, controllerPid) = (fd, pid)
    var line = ControlLine()
    line.add("mpg-control ")
    line.add(Control.version)
    line.add(" pid ")
    line.add(Int(getpid()))
    send(line)
  }

  // MARK: writing

  /// Writes a line. A controller that does not read its answers is as good as gone: its connection is shut, which the
  /// next wait sees.
  private func send(_ line: ControlLine) {
    if !write(line, to: controller) { shutdown(controller, Int32(SHUT_RDWR)) }
  }

  private func write(_ line: ControlLine, to fd: Int32) -> Bool {
    var whole = line
    whole.add("\n")
    return unsafe whole.withBytes { bytes in
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
      return unsafe Glibc.send(fd, bytes.baseAddress, bytes.count, flags) == bytes.count
    }
  }

  @inline(never)
  func answer(_ state: ControlState) {
    var line = ControlLine()
    line.add("ok ")
    state.add(to: &line)
    send(line)
  }

  @inline(never)
  func refuse(_ reason: StaticString) {
    var line = ControlLine()
    line.add("error ")
    line.add(reason)
    send(line)
  }
}
