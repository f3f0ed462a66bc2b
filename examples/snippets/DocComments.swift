// The blocks of doc comments.
import Glibc
import MPG

// snippet.actorExecutor
actor Ledger {
  private let executor = MPG.ActorExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  let lines = Channel<String>(capacity: 1)
  func enter(_ line: String) { lines.send(line) }  // a channel: it may park
}
// snippet.end

enum DocComments {
  static let snippets: [String: @Sendable () throws -> Void] = [
    "actorExecutor": { MPG.main { useLedger() } }, "areaAwait": { MPG.main { area() } },
    "readFile": { MPG.main { try readFile() } }, "selectCases": { MPG.main { selectCases() } },
    "signals": { MPG.main { try signals() } },
  ]

  static func useLedger() {
    let ledger = Ledger()
    MPG.await { await ledger.enter("a line") }
    guard ledger.lines.receive() == "a line" else { fatalError("the line is not what was entered") }
  }

  static func area() {
    // snippet.areaAwait
    func area(_ width: Int, _ height: Int) async -> Int { width * height }

    let answer = MPG.await { await area(6, 7) }
    // snippet.end
    guard answer == 42 else { fatalError("\(answer)") }
  }

  static func readFile() throws {
    // snippet.readFile
    var file = try File(opening: "/etc/passwd")
    var count = 0
    while case let piece = try file.read(), !piece.isEmpty { count += piece.count }
    // snippet.end
    guard count == file.size else { fatalError("\(count) bytes of \(file.size)") }
  }

  static func selectCases() {
    let (orders, reports) = (Channel<String>(), Channel<String>(capacity: 1))
    // snippet.selectCases
    select {
      $0.receive(from: orders) { order in print("an order:", order ?? "none will come") }
      $0.send("all is well", to: reports) { print("reported") }
      $0.after(.seconds(1)) { print("quiet") }
    }
    // snippet.end
  }

  static func signals() throws {
    // snippet.signals
    let signals = try Signals([SIGUSR1])  // from here on SIGUSR1 does not end the process
    kill(getpid(), SIGUSR1)
    print(signals.next() == SIGUSR1)
    // snippet.end
  }
}
