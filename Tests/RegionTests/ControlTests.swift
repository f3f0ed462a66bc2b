import TestSupport
// The language of the control socket: what is a command and what is not, and that both sides read each other.
import Testing

@testable import Region

@Suite("Control language")
struct ControlTests {
  private func parse(_ text: String) -> ControlCommand? { parse(Array(text.utf8)) }

  private func parse(_ bytes: [UInt8]) -> ControlCommand? {
    unsafe bytes.withUnsafeBytes { unsafe ControlCommand($0) }
  }

  private func text(_ state: ControlState) -> String {
    var line = ControlLine()
    line.add("ok ")
    state.add(to: &line)
    return unsafe line.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  @Test(
    "each command is what its line says",
    arguments: [
      ControlCommand.hold, .release, .state, .step(p: nil), .step(p: 0), .step(p: 1023), .slow(1),
      .slow(10_000),
    ])
  func commands(_ command: ControlCommand) {
    #expect(parse(command.line) == command)
  }

  @Test(
    "nothing else is a command",
    arguments: [
      "", " ", "HOLD", "hold ", " hold", "hold 1", "hold\r", "step ", "step -1", "step 1024", "step 1 2",
      "step 1e3",
      "slow", "slow 0", "slow 10001", "slow +5", "slow 99999999999999999999", "release 0", "holdhold", "stop",
    ])
  func nonsense(_ line: String) {
    #expect(parse(line) == nil)
  }

  @Test(
    "each answer is read as it was meant",
    arguments: [
      ControlState(pace: .free, rate: 0, waiting: 0),
      ControlState(pace: .slow, rate: 8, waiting: 3),
      ControlState(pace: .held, rate: 0, waiting: 2, stepped: .init(m: 4, p: 1, isOver: true)),
      ControlState(pace: .held, rate: 0, waiting: 9_999, stepped: .init(m: 9_999, p: nil, isOver: false)),
    ])
  func answers(_ state: ControlState) {
    #expect(ControlReply(text(state)) == .done(state))
    #expect(text(state).utf8.count < Control.longest)
  }

  @Test(
    "nothing else is an answer",
    arguments: [
      "", "ok", "ok ", "ok held 0", "ok held 0 1 - -", "ok held 0 1 4 x over", "ok held 0 1 4 1 soon",
      "ok held -1 0 - - -", "ok odd 0 0 - - -", "ok held 0 99999 - - -", "ok held 0 1 - 1 over", "okay",
      "error",
    ])
  func noAnswers(_ line: String) {
    #expect(ControlReply(line) == nil)
  }

  @Test("a greeting names version and pid; anything else is none")
  func greeting() {
    #expect(Control.parseGreeting("mpg-control 1 pid 42").map { [$0.version, Int($0.pid)] } == [1, 42])
    for line in ["", "mpg-control", "mpg-control x pid 1", "mpg-control 1 pid", "mpg-control 1 pid 4 ", "ok"]
    {
      #expect(Control.parseGreeting(line) == nil)
    }
  }

  @Test("no bytes trap, and what is read as a command is one")
  func noise() {
    var dice = Dice(7)
    let words = ["hold", "step", "slow", "release", "state", " ", "1", "99", "\0", "é"]
    for _ in 0..<200_000 {
      var bytes = (0..<dice.below(5)).flatMap { _ in
        Array(words[dice.below(words.count)].utf8)
      }
      if dice.next() % 2 == 0, !bytes.isEmpty {
        bytes[dice.below(bytes.count)] = UInt8(truncatingIfNeeded: dice.next())
      }
      guard let command = parse(bytes) else { continue }
      #expect(parse(command.line) == command)
    }
  }

  @Test("a line that does not fit is cut, and the socket's name is the region's")
  func bounds() {
    var line = ControlLine()
    for _ in 0..<100 { line.add("abc") }
    let bytes = unsafe line.withBytes { $0.count }
    #expect(bytes == Control.longest)
    #expect(Control.socketName(of: RegionName(pid: 3, startTime: 5)) == "3-5.control")
    #expect(RegionName("3-5.control") == nil)
  }
}
