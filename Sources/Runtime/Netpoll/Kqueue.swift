// Netpoll on kqueue, for macOS and the BSDs. Backend.swift has the contract; docs/porting.md says what has been run, and
// what else a port needs.
//
// Each descriptor has two filters, EVFILT_READ and EVFILT_WRITE, both with EV_CLEAR: a filter that was reported is
// quiet until something changes, as epoll is with EPOLLET. A pipe breaks a wait. It is watched without EV_CLEAR, so it
// stays ready until the netpoll thread empties it, and a thread that does not wait cannot take the news away.
//
// kqueue accepts regular files, and reports them by rules of its own or not at all. They are refused here, as epoll
// refuses them.
//
// `kevent` is called by way of kqueue.c. So this file is compiled on Linux too, where tests run it over a stand-in.
import CMPG

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

struct Kqueue {
  private let queue: Int32
  /// The two ends of the pipe: to read, to write.
  private let ends: (read: Int32, write: Int32)
  /// How many descriptors one call reports: as many as fit into the kilobyte that a temporary allocation takes from
  /// the stack, at 32 bytes each.
  private static let batch = 32
  /// The tag of the pipe. No descriptor has it.
  private static let breakerTag: UInt64 = 0

  init() throws(SystemError) {
    queue = try SystemCall.retrying("kqueue") { mpg_kqueue() }
    var pair: [Int32] = [0, 0]
    _ = try SystemCall.retrying("pipe") { unsafe pipe(&pair) }
    ends = (pair[0], pair[1])
    for end in pair {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    _ = fcntl(queue, F_SETFD, FD_CLOEXEC)
    try change(ends.read, EVFILT_READ, EV_ADD, Self.breakerTag)
  }

  private func change(_ fd: Int32, _ filter: Int32, _ flags: Int32, _ tag: UInt64) throws(SystemError) {
    var order = unsafe mpg_kevent_record()
    unsafe order.ident = UInt(fd)
    unsafe order.filter = Int16(filter)
    unsafe order.flags = UInt16(flags)
    unsafe order.udata = UnsafeMutableRawPointer(bitPattern: UInt(tag))
    _ = try SystemCall.retrying("kevent of fd \(fd)") {
      unsafe mpg_kevent(queue, &order, 1, nil, 0, 0)
    }
  }

  func register(_ fd: Int32, tag: UInt64) throws(SystemError) {
    _ = try SystemCall.check("fd \(fd) for netpoll", mpg_can_poll(fd))
    var refusal: SystemError?
    for filter in [EVFILT_READ, EVFILT_WRITE] {
      do throws(SystemError) {
        try change(fd, filter, EV_ADD | EV_CLEAR, tag)
      } catch {
        // An end of a pipe has only one direction, and may refuse the other one. One filter is enough.
        if refusal == nil, error.errno == EINVAL || error.errno == EPIPE {
          refusal = error
          continue
        }
        unregister(fd)
        throw error
      }
    }
  }

  func unregister(_ fd: Int32) {
    for filter in [EVFILT_READ, EVFILT_WRITE] { try? change(fd, filter, EV_DELETE, 0) }
  }

  func collect(
    nanoseconds: Int64, _ report: (PollDescriptor, _ readable: Bool, _ writable: Bool) -> Void
  ) -> Int {
    unsafe withUnsafeTemporaryAllocation(of: mpg_kevent_record.self, capacity: Self.batch) { events in
      let count = unsafe mpg_kevent(queue, nil, 0, events.baseAddress, Int32(Self.batch), nanoseconds)
      if count < 0, errno != EINTR { fatal("kevent: \(errnoName(errno))") }
      var reported = 0
      for index in 0..<Int(max(count, 0)) {
        let event = unsafe events[index]
        let tag = unsafe UInt64(UInt(bitPattern: event.udata))
        if tag == Self.breakerTag {
          // a look without waiting leaves the byte to the netpoll thread
          if nanoseconds != 0 { emptyPipe() }
          continue
        }
        // If the tag names no descriptor, the descriptor was reused since, so the report is old.
        guard let descriptor = PollDescriptor(tag: tag) else { continue }
        // The end of a stream shows in one filter, but concerns both directions.
        let isBroken = unsafe event.flags & UInt16(EV_EOF | EV_ERROR) != 0
        let filter = unsafe Int32(event.filter)
        report(descriptor, isBroken || filter == EVFILT_READ, isBroken || filter == EVFILT_WRITE)
        reported += 1
      }
      return reported
    }
  }

  func breakWait() {
    var byte: UInt8 = 0
    unsafe _ = write(ends.write, &byte, 1)  // if the pipe is full, it breaks the wait already
  }

  private func emptyPipe() {
    var bytes: (UInt64, UInt64) = (0, 0)
    while unsafe read(ends.read, &bytes, 16) > 0 {}
  }
}
