// One P with a G that never yields, or with a G that blocks in the kernel: the other Gs go on, and mpgtop
// shows which is which.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Stuck Gs on one P") struct StuckTests {
    @Test("A G that loops without end does not stop the others, and is seen running")
    func hog() throws {
      let server = try DemoServer("--procs", "1")
      let connection = try HTTPConnection(port: server.port)
      try connection.send("/hog?ms=4000")
      let running = try server.frame("the hog running") { $0.gs.byState["running"] == 1 && $0.ps[0].g != nil }
      running.checkSums()
      for _ in 0..<20 { #expect(try server.get("/") == "Hello World") }
      // When the others have had their turns, the hog runs again.
      _ = try server.frame("the hog running") {
        $0.gs.byState["running"] == 1 && $0.gs.byState["preempted"] == 0
      }
      #expect(try connection.receive().hasPrefix("hogged"))
    }

    @Test(
      "A G blocked for two seconds in a read of a pipe does not stop the others, and is seen in its system call"
    )
    func read() throws {
      let server = try DemoServer("--procs", "1")
      let connection = try HTTPConnection(port: server.port)
      try connection.send("/block?ms=2000")
      let inside = try server.frame("a G in a system call") {
        $0.gs.byState["syscall"] == 1 && $0.ps[0].status != "syscall"
      }
      #expect(inside.ms.count { $0.state == "syscall" && $0.p == nil } == 1)
      inside.checkSums()
      for _ in 0..<20 { #expect(try server.get("/") == "Hello World") }
      #expect(try server.frame().gs.byState["syscall"] == 1, "20 requests took less than the read")
      #expect(try connection.receive() == "blocked a thread for 2000 ms\n")
      _ = try server.frame("no system call") { $0.gs.byState["syscall"] == 0 }
    }
  }
}
