// Input that reaches a terminal but is no key: pastes, answers to questions of others, keys without meaning.
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Input that is no keys", .enabled(if: Machine.path(of: "tmux") != nil, "tmux is not installed"))
  struct InputTests {
    private func open(_ server: DemoServer) throws -> Screen {
      let screen = try Screen(
        columns: 120, rows: 30, [Built.mpgtop, "\(server.pid)"], environment: server.environment)
      try screen.wait(for: "LIVE")
      return screen
    }

    private func recordings(_ screen: Screen) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: screen.workingFolder).filter {
        $0.contains(".mpgrec")
      }
    }

    /// Alt and a letter, F20, reports of focus, late answers, kitty's Ctrl-Q, modifyOtherKeys.
    private static let meaningless = [
      "\u{1B}q", "\u{1B}a", "\u{1B}w", "\u{1B}[34~", "\u{1B}[I", "\u{1B}[O",
      "\u{1B}]11;rgb:ffff/aaaa/wwww\u{1B}\\",
      "\u{1B}[?1;2c", "\u{1B}[113;5u", "\u{1B}[27;5;113~", "\u{1B}P>|tmux aqw\u{1B}\\",
      "\u{1B}_Gi=1;aqw\u{1B}\\",
    ]

    @Test("On every screen a paste is text and what nobody knows is nothing: no recording, no end")
    func noKeys() throws {
      let server = try DemoServer("--procs", "2")
      let screen = try open(server)
      for digit in "2345678901" {
        try screen.press("\(digit)")
        try screen.wait(for: "screen \(digit)") { lines in
          digit == "1"
            ? lines.contains { $0.contains("Last ") } : lines.contains { $0.contains("[\(digit) ") }
        }
        for bytes in Self.meaningless { try screen.type(bytes) }
        try screen.paste("await a new way, q")
        try screen.wait(for: "pasted text")
      }
      #expect(try recordings(screen) == [])
      // On a screen without a filter, the letters after / do nothing, and Esc closes the line.
      try screen.press("/", "a", "w", "q")
      try screen.wait(for: "nothing to filter here")
      try screen.press("Escape")
      try screen.wait(for: "the line is gone") { lines in !lines.contains { $0.contains("filter: ") } }
      // A paste goes as text into the line that is typed.
      try screen.press("3", "/")
      try screen.paste("reason=signal\nq")
      try screen.wait(for: "filter: reason=signal q")
      try screen.press("C-u")
      // An Escape counts only if nothing follows it at once: Escape and then a letter would be Alt and that
      // letter.
      try screen.press("Escape")
      try screen.wait(for: "the line is gone") { lines in !lines.contains { $0.contains("filter: ") } }
      #expect(try recordings(screen) == [])
      try screen.press("q")
      let end = try screen.aftermath()
      #expect(end.code == 0 && end.isRestored && end.leftOn == [])
      #expect(try recordings(screen) == [])
    }
  }
}
