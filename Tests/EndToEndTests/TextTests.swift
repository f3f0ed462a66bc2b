// The text that every command prints for people is in the locale's charset, and contains nothing that steers
// a terminal, whoever wrote it.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Text") struct TextTests {
    /// Colours, a title, a line break, right-to-left text, a C1 control, a wide glyph, a combining mark, a
    /// tab.
    private static let evil = "d\u{1B}[31m\u{1B}]0;x\u{7}\nm\u{202E}\u{9B}é漢e\u{301}\t’µ"

    private static let steering: [Unicode.GeneralCategory] = [
      .control, .format, .lineSeparator, .paragraphSeparator,
    ]

    /// A server whose executable has that name.
    private func serve(in folder: TemporaryFolder) throws -> Program {
      let path = "\(folder.path)/\(Self.evil)"
      do {
        try FileManager.default.linkItem(atPath: Built.demo, toPath: path)
      } catch {
        try FileManager.default.copyItem(atPath: Built.demo, toPath: path)
      }
      let port = try LoopbackSocket.freePort()
      let server = try Program(
        Command(path, "--port", "\(port)", environment: ["XDG_RUNTIME_DIR": folder.path]))
      try eventually("it runs; it said \(server.errors)") { server.output.contains("Server running") }
      return server
    }

    private func check(_ words: [String], _ finished: Finished, isASCII: Bool) {
      for text in [finished.output, finished.errors] {
        let wrong = text.unicodeScalars.filter { scalar in
          if scalar == "\n" || scalar == "\t" { return false }
          if isASCII { return !(0x20...0x7E).contains(scalar.value) }
          return Self.steering.contains(
            scalar.properties.generalCategory)
        }
        #expect(wrong.isEmpty, "\(words): \(wrong.map { String($0.value, radix: 16) }) in\n\(text)")
      }
    }

    @Test(
      "Names, arguments and paths of others steer nothing, and without UTF-8 all is ASCII",
      arguments: ["C", "C.UTF-8"])
    func gate(_ locale: String) throws {
      let folder = try TemporaryFolder()
      let server = try serve(in: folder)
      let (pid, evil) = ("\(server.pid)", Self.evil)
      func run(_ words: [String]) throws -> Finished {
        var command = Command(environment: [
          "XDG_RUNTIME_DIR": folder.path, "LC_ALL": locale, "XDG_CONFIG_HOME": folder.path,
        ])
        command.words = [Built.mpgtop] + words
        let finished = try Program.run(command)
        check(words, finished, isASCII: locale == "C")
        return finished
      }
      let recording = "\(folder.path)/a.rec"
      for words in [
        ["record", "--for", "500ms", "-o", recording, pid], ["-l"], ["-b", "-n", "2", "-d", "0.1", pid],
        ["--a11y", "-n", "2", "-d", "0.1", pid], ["--csv", "-n", "1", pid], ["--schedtrace", "-n", "1", pid],
        ["why", "--for", "300ms", pid], ["why", "--replay", recording],
        ["replay", recording, "-b", "-n", "2"],
        ["--self-test", pid], ["gen-man"], ["gen-config"], ["help"], ["help", "record"], ["--version"],
      ] {
        #expect(try run(words).ending == .code(0), "\(words)")
      }
      // Each complaint is one line.
      for words in [
        ["-b", evil], ["replay", "/no/\(evil)"], ["--\(evil)"], ["help", evil],
        ["record", "--when", evil, "-o", "x"],
        ["record", "-o", "/no/\(evil)", pid], ["scrub", evil, "-o", "x"],
        ["export", "--perfetto", "-o", "/no/x", evil],
        ["--screen", evil], ["serve", "--prometheus", evil], ["why", "--follow", evil],
        ["--post-mortem", evil],
      ] {
        let finished = try run(words)
        #expect(finished.ending != .code(0), "\(words)")
        #expect(
          finished.errors.split(separator: "\n", omittingEmptySubsequences: false).count == 2,
          "\(words): \(finished.errors)")
      }
      // Output for programs is in UTF-8 in every locale, and contains the whole name.
      let json = try Program.run(
        Command(
          Built.mpgtop, "--json", "-n", "1", pid,
          environment: ["XDG_RUNTIME_DIR": folder.path, "LC_ALL": locale]))
      #expect(json.output.contains("é漢"))
    }
  }
}
