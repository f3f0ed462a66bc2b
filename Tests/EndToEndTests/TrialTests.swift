// The program that tries each part of the runtime on other machines comes out right on this one.
import TestSupport
import Testing

extension EndToEnd {
  @Suite("The trial of all parts") struct TrialTests {
    @Test(
      "Every part comes out right, over each backend of netpoll that Linux has",
      arguments: ["epoll", "io_uring"])
    func allParts(netpoll: String) throws {
      let result = try Program.run(Command(Built.trial, environment: ["MPG_NETPOLL": netpoll]))
      // A container may forbid io_uring; the runtime then says so, and ends.
      if netpoll == "io_uring", result.errors.contains("refused by the system") { return }
      #expect(result.ending == .code(0), "\(result.output)\(result.errors)")
      #expect(
        result.output.contains("echoes by \(netpoll)") && result.output.contains("9 of 9 came out right"))
    }
  }
}
