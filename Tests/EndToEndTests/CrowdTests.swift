// 5,000 clients at once, served by hardly more threads than Ps.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("A crowd of connections") struct CrowdTests {
    static let crowd = 5000
    /// The most threads that are allowed: sysmon, gc, netpoll, one for each of two Ps, and one that waits. In
    /// addition, a G that is preempted in the middle of its code keeps its thread. How often that happens
    /// depends on how the kernel shares out the CPUs.
    static let handful = 2 + 4 + 6
    /// The descriptors of the crowd, plus what both sides need besides.
    static let descriptors = crowd + 500
    /// An ordinary machine's limit. It is so low that the server must raise it by itself.
    static let softLimit = 1024

    @Test(
      "5,000 kept-alive connections are served by a handful of threads, without an error",
      .enabled(if: Machine.descriptorsAllowed >= descriptors, "fewer than 5,500 descriptors allowed here"))
    func manyConnections() throws {
      Machine.raiseDescriptorLimit()
      let server = try DemoServer("--procs", "2", prefix: Self.modestLimit)

      var most = 0
      func count() throws {
        most = max(most, server.threads.count)
        #expect(server.program.ending == nil)
      }
      let crowd = try (0..<Self.crowd).map { _ in try HTTPConnection(port: server.port) }
      for round in 1...4 {
        // Send all requests before reading the first answer.
        for connection in crowd { try connection.send(round % 2 == 0 ? "/about" : "/") }
        for (index, connection) in crowd.enumerated() {
          let body = try connection.receive()
          guard body == (round % 2 == 0 ? "About Page" : "Hello World") else {
            throw Broken("answer: \(body)")
          }
          if index % 100 == 0 { try count() }
        }
      }

      let frame = try server.frame("all parked on netpoll") { $0.netpoll.parked >= Self.crowd + 1 }
      #expect(frame.netpoll.parked == Self.crowd + 1)
      frame.checkSums()
      try count()
      #expect(most <= Self.handful)
      #expect(frame.ms.count <= Self.handful)
      let statistics = try server.statistics()
      #expect(statistics["requests"] == 4 * Self.crowd)
      #expect(statistics["connections_refused"] == 0)
      #expect(statistics["accept_exhaustions"] == 0)
      for connection in crowd { connection.leavesNoTrace() }
    }

    @Test(
      "15,000 connections, each with a request under way at once, are served by a handful of threads",
      .enabled(
        if: Machine.descriptorsAllowed >= 15_500, "fewer than 15,500 descriptors allowed here (hard limit)"))
    func largeCrowd() throws {
      Machine.raiseDescriptorLimit()
      let count = 15_000
      let server = try DemoServer("--procs", "2", "--max-connections", "20000", prefix: Self.modestLimit)
      let crowd = try (0..<count).map { _ in try HTTPConnection(port: server.port) }
      var most = server.threads.count
      for path in ["/", "/about"] {
        for connection in crowd { try connection.send(path) }
        for (index, connection) in crowd.enumerated() {
          guard try connection.receive() == (path == "/" ? "Hello World" : "About Page") else {
            throw Broken("another answer")
          }
          if index % 500 == 0 { most = max(most, server.threads.count) }
        }
      }
      let frame = try server.frame("all parked on netpoll") { $0.netpoll.parked >= count + 1 }
      frame.checkSums()
      most = max(most, server.threads.count, frame.ms.count)
      #expect(most <= Self.handful)
      let statistics = try server.statistics()
      #expect(statistics["requests"] == 2 * count)
      #expect(statistics["connections_refused"] == 0)
      #expect(statistics["accept_exhaustions"] == 0)
      for connection in crowd { connection.leavesNoTrace() }
    }

    @Test(
      "wrk with 5,000 connections sees no error",
      .enabled(if: Machine.path(of: "wrk") != nil, "wrk is not installed"),
      .enabled(if: Machine.descriptorsAllowed >= descriptors, "fewer than 5,500 descriptors allowed here"))
    func wrk() throws {
      Machine.raiseDescriptorLimit()
      let server = try DemoServer("--procs", "2", prefix: Self.modestLimit)
      let wrk = try Program(
        Command("wrk", "-t", "1", "-c", "\(Self.crowd)", "-d", "5s", "--timeout", "60s", server.url("/")))

      var most = 0
      try eventually("end of wrk", within: 120) {
        most = max(most, server.threads.count)
        return wrk.ending != nil
      }
      #expect(wrk.ending == .code(0))
      #expect(!wrk.output.contains("Socket errors"), "\(wrk.output)")
      #expect(!wrk.output.contains("Non-2xx"), "\(wrk.output)")
      let requests = wrk.output.split(separator: "\n").first { $0.contains(" requests in ") }
      let count = requests?.split(separator: " ").first.flatMap { Int($0) } ?? 0
      #expect(count > 0)
      #expect(most <= Self.handful)
      let statistics = try server.statistics()
      #expect(statistics["connections_accepted", default: 0] >= Self.crowd)
      #expect(statistics["connections_refused"] == 0)
      #expect(statistics["requests", default: 0] >= count)
    }

    private static let modestLimit = ["prlimit", "--nofile=\(softLimit):\(Machine.descriptorsAllowed)", "--"]
  }
}
