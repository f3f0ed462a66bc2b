// Which descriptor each goroutine waits for, beside what the kernel says of the descriptors.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Observed

@Suite("Descriptors of Go programs", .serialized, .enabled(if: GoBuild.isThere))
struct NetpollTests {
  @Test("Each goroutine that waits for a connection has its socket", arguments: GoBuild.all)
  func sockets(_ build: GoBuild) throws {
    let crowd = try Crowd(build, "-read 30 -receive 5")
    let source = try GoSource(pid: crowd.pid)
    let rows = try #require(try source.goroutines(breathe: {}, isCalledAway: { false }))
    let waiting = rows.filter { $0.reason == .netpollRead || $0.reason == .netpollWrite }
    // Thirty that read, and the server that accepts.
    try #require(waiting.count == 31 && waiting.allSatisfy { $0.waitingOn > 0 && $0.reason == .netpollRead })
    let descriptors = Set(waiting.map { $0.waitingOn - 1 })
    #expect(descriptors.count == 31)
    for descriptor in descriptors {
      let link = try FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/\(crowd.pid)/fd/\(descriptor)")
      #expect(link.hasPrefix("socket:["))
    }
    // Both ends of each connection, and two listeners.
    #expect(try source.snapshot().netpoll.fds == 62)
    #expect(try source.snapshot().netpoll.parked == 31)
  }
}
