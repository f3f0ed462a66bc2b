// Netpoll on a completion port, for Windows. Backend.swift has the contract; Sources/CIOCP/iocp.c has the design, and the
// reasons: polls that are one-shot, begun by the wait that needs them; and how a wait is broken.
//
// What is left for Swift: the registration that belongs to a poll descriptor, and the tag. CIOCP's header has plain C
// types only. So this file is compiled on Linux too, where tests run it, and iocp.c, over a stand-in of the port.
import CIOCP

/// The port's registration of a descriptor.
///
/// Safe because: it is used again for other registrations, but never freed.
@safe struct PortWatch {
  let pointer: OpaquePointer
  init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }
}

/// A handle to the port.
///
/// Safe because: the port is made at boot and lives as long as the process; CIOCP's functions are thread-safe.
@safe struct IOCP {
  private let port: OpaquePointer

  init() throws(SystemError) {
    var made: OpaquePointer?
    _ = try SystemCall.check("completion port", -(unsafe ciocp_open(&made)))
    unsafe port = made.unsafelyUnwrapped
  }

  static var isHere: Bool { ciocp_is_here() }

  func register(_ fd: Int32, _ descriptor: PollDescriptor) throws(SystemError) {
    var watch: OpaquePointer?
    let error = unsafe ciocp_register(port, UInt64(bitPattern: Int64(fd)), descriptor.tag, &watch)
    _ = try SystemCall.check("fd \(fd) for netpoll", -error)
    descriptor.watch = unsafe PortWatch(watch.unsafelyUnwrapped)
  }

  /// Asks for news of `direction`, for a G that has announced itself (PollDescriptor §1). If the system refuses, for
  /// lack of memory, the G is told that there is news: it tries its call again, and then asks again. Returns the G to
  /// make ready, if another G has taken the announced one's place and is parked by now; nil: there is none.
  func arm(_ direction: Pollable.Direction, _ descriptor: PollDescriptor) -> G? {
    guard let watch = descriptor.watch else { return nil }
    if unsafe ciocp_arm(port, watch.pointer, descriptor.tag, direction == .read ? 0 : 1) == 0 { return nil }
    return descriptor.side(direction).unblock(ready: true)
  }

  func unregister(_ descriptor: PollDescriptor) {
    guard let watch = descriptor.watch else { return }
    unsafe ciocp_unregister(port, watch.pointer)
  }

  func collect(
    nanoseconds: Int64, _ report: (PollDescriptor, _ readable: Bool, _ writable: Bool) -> Void
  ) -> Int {
    unsafe withUnsafeTemporaryAllocation(of: ciocp_report.self, capacity: Int(CIOCP_BATCH)) { reports in
      let count = unsafe ciocp_collect(port, nanoseconds, reports.baseAddress)
      if count < 0 { fatal("completion port: \(errnoName(-count))") }
      var reported = 0
      for index in 0..<Int(count) {
        let news = unsafe reports[index]
        // If the tag names no descriptor, the descriptor was reused since, so the report is old.
        guard let descriptor = PollDescriptor(tag: news.tag) else { continue }
        report(descriptor, news.readable, news.writable)
        reported += 1
      }
      return reported
    }
  }

  func breakWait() { unsafe ciocp_break(port) }
}
