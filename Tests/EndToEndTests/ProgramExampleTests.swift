// The example programs on the runtime do what they are for, and what README says of them is to be seen with mpgtop.
import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Examples on the runtime") struct ProgramExampleTests {
    /// A tree of 3 × 40 files, the same text in every fourth of each folder, and in some of them the word `needle`.
    private func tree() throws -> TemporaryFolder {
      let folder = try TemporaryFolder()
      for name in ["a", "b", "b/c"] {
        try FileManager.default.createDirectory(
          atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
        for number in 0..<40 {
          let lines = number % 4 == 0 ? "the same\n" : "this is \(name) \(number)\n"
          let text = lines + String(repeating: "a needle in it\n", count: number % 10 == 3 ? 2 : 0)
          try text.write(toFile: "\(folder.path)/\(name)/\(number)", atomically: false, encoding: .utf8)
        }
      }
      return folder
    }

    @Test("The crawler visits every file once, with few workers and many", arguments: [1, 3, 100])
    func crawler(workers: Int) throws {
      let folder = try tree()
      // To follow it would never end.
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder.path)/a/round", withDestinationPath: folder.path)
      let result = try Program.run(Command(Built.crawlerExample, folder.path, "needle", "\(workers)"))
      let hits = ["a", "b", "b/c"].flatMap { name in
        [3, 13, 23, 33].map { "\(folder.path)/\(name)/\($0)" }
      }
      let lines = hits.sorted().map { "\($0): 2" } + ["120 files, 12 with the word"]
      #expect(result.output == lines.map { "\($0)\n" }.joined() && result.errors == "")
      #expect(result.ending == .code(0))
    }

    @Test("The crawler says what it cannot read, and by its exit code that nothing was found")
    func crawlerMistakes() throws {
      let missing = try Program.run(Command(Built.crawlerExample, "/nowhere", "x", "2"))
      #expect(missing.output.hasPrefix("not read: /nowhere: ") && missing.ending == .code(1))
      #expect(missing.output.hasSuffix("\n0 files, 0 with the word\n"))
      for words in [[], ["a", "b"], ["a", "b", "0"], ["a", "b", "many"]] {
        let wrong = try Program.run(Command(words: [Built.crawlerExample] + words))
        #expect(wrong.ending == .code(64) && wrong.output.hasPrefix("usage: "))
      }
    }

    @Test("Duplicates are found with tasks and goroutines, on one P and on several", arguments: [1, 2, 4])
    func duplicates(procs: Int) throws {
      let folder = try tree()
      let result = try Program.run(
        Command(
          "sh", "-c", "(find $0 -type f; echo /nowhere) | $1", folder.path, Built.duplicatesExample,
          environment: ["MPG_PROCS": "\(procs)"]))
      let same = ["a", "b", "b/c"].flatMap { name in
        stride(from: 0, to: 40, by: 4).map { "\(folder.path)/\(name)/\($0)" }
      }
      let lines = [
        same.sorted().joined(separator: " = "), "not read: /nowhere: there is no such file",
        "120 files, 91 contents",
      ]
      #expect(result.output == lines.map { "\($0)\n" }.joined() && result.errors == "")
      #expect(result.ending == .code(0))
    }

    @Test("What two chat clients say both read, also what was said last before the server ends")
    func chat() throws {
      let server = try ChatServer()
      let first = try server.client()
      #expect(try first.line() == "* 1 is here")
      let second = try server.client()
      #expect(try first.line() == "* 2 is here" && second.line() == "* 2 is here")
      // In pieces, and with what would colour a terminal.
      try first.say("hel")
      try first.say("lo\nI am \u{1B}[31mred\r\n")
      for client in [first, second] {
        #expect(try client.line() == "1: hello" && client.line() == "1: I am [31mred")
      }
      try second.say("bye\n")
      #expect(try first.line() == "2: bye" && second.line() == "2: bye")
      server.program.signal(SIGTERM)
      for client in [first, second] {
        #expect(try client.line() == "* the server ends" && client.line() == nil)
      }
      #expect(try server.program.wait() == .code(0) && server.program.errors == "")
    }

    @Test("Of a client that leaves, or does not read what is said, the others are told")
    func leaving() throws {
      let server = try ChatServer()
      let talker = try server.client()
      #expect(try talker.line() == "* 1 is here")
      var short: ChatClient? = try server.client()
      #expect(try talker.line() == "* 2 is here" && short?.line() == "* 2 is here")
      short = nil
      #expect(try talker.line() == "* 2 has left")
      let deaf = try server.client()
      #expect(try talker.line() == "* 3 is here")
      let line = String(repeating: "x", count: 900)
      var last: String? = "1: \(line)"
      while last == "1: \(line)" {
        try talker.say("\(line)\n")
        last = try talker.line()
      }
      #expect(last == "* 3 has left")
      withExtendedLifetime(deaf) {}
      server.program.signal(SIGINT)
      #expect(try server.program.wait() == .code(0))
    }

    @Test("A client that says nothing is shown out when its time is over")
    func deadline() throws {
      let server = try ChatServer(seconds: 1)
      let client = try server.client()
      #expect(try client.line() == "* 1 is here" && client.line() == nil)
      #expect(server.program.ending == nil)
    }
  }
}

/// The chat server on a port of the system's choice. It ends with this object.
private final class ChatServer {
  let program: Program
  private let folder: TemporaryFolder
  private let port: UInt16

  init(seconds: Int = 600) throws {
    folder = try TemporaryFolder()
    let program = try Program(
      Command(
        Built.chatExample, "0", "\(seconds)", environment: ["XDG_RUNTIME_DIR": folder.path]))
    port = try eventually("the server says where it is; it said \(program.errors)") {
      program.output.wholeMatch(of: #/chat on port (\d+)\n/#).flatMap { UInt16($0.1) }
    }
    self.program = program
  }

  func client() throws -> ChatClient { try ChatClient(port: port) }
}

/// A person at a terminal.
private final class ChatClient {
  private let socket: LoopbackSocket
  private var received: [UInt8] = []

  init(port: UInt16) throws { socket = try LoopbackSocket(connectedTo: port) }

  func say(_ text: String) throws { try socket.send(text) }

  /// The next line; nil: the server has ended the stream.
  func line() throws -> String? {
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        defer { received.removeSubrange(...end) }
        return String(decoding: received[..<end], as: UTF8.self)
      }
      guard let bytes = try socket.receiveUnlessEnded() else { return nil }
      received += bytes
    }
  }
}
