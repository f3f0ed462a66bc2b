// The command line of mpg-demo, and its error messages.

import ArgumentParser
import Glibc
import HTTP
import MPG
import Net

struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpg-demo", abstract: "An HTTP server on the MPG runtime, to have something worth watching.",
    discussion: """
      Paths, each with its default values:
      \(DemoPath.list)
      """)

  @Option(help: "Address to listen on.") var host = "127.0.0.1"
  @Option(help: "Port to listen on, 1 to 65535.") var port = 8080
  @Option(help: "Number of Ps, 1 to 256; default: the CPUs this process may use.") var procs: Int?
  @Option(help: "Connections served at once; one more gets 503.") var maxConnections = 10_000
  @Option(help: "Largest request body, in bytes; a larger one gets 413.") var maxBody = 1 << 20
  @Option(help: "Milliseconds after which an idle connection is closed.") var idleTimeout = 60_000
  @Option(help: "Milliseconds that a request's head may take; then 408.") var headerTimeout = 10_000
  @Option(help: "Milliseconds that a request's body may take; then 408.") var bodyTimeout = 30_000
  @Option(help: "Milliseconds that requests in flight have left after SIGTERM.") var drainTimeout = 10_000
  @Option(help: "Folder whose files /file?name= serves; default: none.") var files: String?
  @Flag(help: "Let mpgtop hold, step and slow the scheduler; as MPG_CONTROL=1.") var control = false
  @Flag(help: "Serve /crash?how=abort|trap|overflow, which ends the process; for tests.") var crashable =
    false

  func validate() throws {
    try check("--port", port, 1...65_535)
    if let procs { try check("--procs", procs, 1...256) }
    try check("--max-connections", maxConnections, 1...1_000_000)
    try check("--max-body", maxBody, 0...(1 << 30))
    try check("--idle-timeout", idleTimeout, 1...86_400_000)
    try check("--header-timeout", headerTimeout, 1...86_400_000)
    try check("--body-timeout", bodyTimeout, 1...86_400_000)
    try check("--drain-timeout", drainTimeout, 0...86_400_000)
  }

  private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw ValidationError("\(name) \(value) is not in \(range.lowerBound) to \(range.upperBound)")
    }
  }

  var limits: Limits {
    var limits = Limits()
    limits.connections = maxConnections
    limits.body = maxBody
    limits.idle = .milliseconds(idleTimeout)
    limits.header = .milliseconds(headerTimeout)
    limits.content = .milliseconds(bodyTimeout)
    limits.drain = .milliseconds(drainTimeout)
    return limits
  }

  var runtime: MPG.Options {
    var runtime = MPG.Options()
    runtime.procs = procs
    if control { runtime.control = true }
    return runtime
  }
}

// MARK: before the runtime boots

extension Options {
  /// Reads the command line. A wrong one prints one line and exits with 64. `--help` prints the help and exits with 0.
  static func fromCommandLine() -> Options {
    do {
      return try parse()
    } catch {
      guard exitCode(for: error) != .success else { exit(withError: error) }
      complain("\(message(for: error)); try --help")
      Glibc.exit(64)
    }
  }

  /// Listens. If that fails, prints one line and exits with 1.
  func listen() -> ListeningSocket {
    prepareProcess()
    do {
      return try ListeningSocket(host: host, port: UInt16(port))
    } catch {
      complain("cannot listen on \(host):\(port): \(advice(error))")
      Glibc.exit(1)
    }
  }

  private func advice(_ error: NetError) -> String {
    guard case .failed(let call, let errno) = error else { return "\(error)" }
    let name = NetError.name(of: errno)
    switch errno {
    case EADDRINUSE: return "\(name); another program has it; try --port"
    case EACCES: return "\(name); ports below 1024 need more rights; try --port"
    case EADDRNOTAVAIL: return "\(name); no such address on this machine; try --host 127.0.0.1"
    default: return "\(call): \(name)"
    }
  }
}

/// Writes one line to stderr.
func complain(_ line: String) {
  write("mpg-demo: \(line)\n", to: 2)
}

/// Writes one line to stdout, without a buffer.
func say(_ line: String) {
  write("\(line)\n", to: 1)
}

private func write(_ text: String, to fd: Int32) {
  var text = text
  text.withUTF8 { _ = unsafe Glibc.write(fd, $0.baseAddress, $0.count) }
}

/// A process may inherit too few descriptors, or closed ones at 0, 1 and 2. The next opened file would get such a number, and
/// receive what is printed to stdout. So this function raises the limit, and opens /dev/null for closed standard
/// descriptors.
private func prepareProcess() {
  while case let fd = unsafe open("/dev/null", O_RDWR), fd >= 0 {
    guard fd > 2 else { continue }
    close(fd)
    break
  }
  var limit = rlimit()
  let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  if unsafe getrlimit(resource, &limit) == 0 {
    limit.rlim_cur = limit.rlim_max
    unsafe setrlimit(resource, &limit)
  }
  // A reader of stdout or stderr that leaves must not end the server.
  signal(SIGPIPE, SIG_IGN)
}
