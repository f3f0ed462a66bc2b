// The process: what it prints, its descriptors, its clock.

import Glibc

/// This moment of the monotonic clock, in nanoseconds. Must not be inlined into code that parks: the G may go on in another
/// thread.
@inline(never)
func monotonicNow() -> UInt64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// Writes one line to stderr.
func complain(_ line: String) { _ = write("mpg-load: \(line)\n", to: 2) }

/// Writes text to stdout; false: not all of it could be written.
func printOut(_ text: String) -> Bool { write(text, to: 1) }

@inline(never)
private func write(_ text: String, to fd: Int32) -> Bool {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(fd, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}

/// Opens /dev/null for each standard descriptor that the process has inherited closed: otherwise the next socket would get
/// that number, and receive what is printed. Ignores SIGPIPE, which would end the process if the reader of the report left.
func prepareProcess() {
  while case let fd = unsafe open("/dev/null", O_RDWR), fd >= 0 {
    guard fd > 2 else { continue }
    close(fd)
    break
  }
  signal(SIGPIPE, SIG_IGN)
}

/// Descriptors that are not connections: the standard ones, the region, netpoll, signals, and some to spare.
private let otherDescriptors = 64

/// Raises the limit of descriptors to the hard limit. If that is too low for the plan, prints one line and exits with 71.
func raiseDescriptorLimit(for plan: Plan) {
  var limit = rlimit()
  let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  guard unsafe getrlimit(resource, &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  unsafe setrlimit(resource, &limit)
  let needed = plan.connections + plan.idle + otherDescriptors
  guard UInt64(needed) > UInt64(limit.rlim_max) else { return }
  complain(
    "\(grouped(plan.connections + plan.idle)) connections need \(grouped(needed)) descriptors, and the hard limit is "
      + "\(grouped(Int(clamping: limit.rlim_max))); ask for fewer, or raise it (ulimit -Hn) as root")
  exit(ExitCode.system)
}
