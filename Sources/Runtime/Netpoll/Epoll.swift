// Netpoll on epoll, edge-triggered; an eventfd breaks a wait. Backend.swift has the contract.
import CMPG
import Glibc

struct Epoll {
  private let epfd: Int32
  private let breaker: Int32
  /// How many descriptors one call reports: as many as fit into the kilobyte that a temporary allocation takes from the
  /// stack.
  private static let batch = 64
  /// The tag of the eventfd. No descriptor has it.
  private static let breakerTag: UInt64 = 0

  init() throws(SystemError) {
    epfd = try SystemCall.check("epoll_create1", mpg_epoll_create())
    breaker = try SystemCall.check("eventfd", mpg_eventfd())
    _ = try SystemCall.check("epoll_ctl", mpg_epoll_add(epfd, breaker, Self.breakerTag, true))
  }

  func register(_ fd: Int32, tag: UInt64) throws(SystemError) {
    _ = try SystemCall.check("epoll_ctl of fd \(fd)", mpg_epoll_add(epfd, fd, tag, false))
  }

  func unregister(_ fd: Int32) { _ = mpg_epoll_remove(epfd, fd) }

  func collect(
    nanoseconds: Int64, _ report: (PollDescriptor, _ readable: Bool, _ writable: Bool) -> Void
  ) -> Int {
    unsafe withUnsafeTemporaryAllocation(of: mpg_ready.self, capacity: Self.batch) { ready in
      let count = unsafe mpg_epoll_wait(epfd, ready.baseAddress, Int32(Self.batch), nanoseconds)
      if count < 0, count != -EINTR { fatal("epoll_wait: \(errnoName(-count))") }
      var reported = 0
      for index in 0..<Int(max(count, 0)) {
        let event = unsafe ready[index]
        if event.tag == Self.breakerTag {
          // A poll that does not wait leaves the eventfd unread, because its count is there to end the netpoll
          // thread's wait.
          if nanoseconds != 0 { drainBreaker() }
          continue
        }
        // If the tag names no descriptor, the descriptor was reused since, so the report is old.
        guard let descriptor = PollDescriptor(tag: event.tag) else { continue }
        report(descriptor, event.readable, event.writable)
        reported += 1
      }
      return reported
    }
  }

  func breakWait() {
    mpg_eventfd_add(breaker)
  }

  private func drainBreaker() {
    var count: UInt64 = 0
    unsafe _ = read(breaker, &count, 8)
  }
}
