// Splits words as people type them: `-n1`, `-d0.5`, `-bn1`.
//
// swift-argument-parser accepts `-n 1` and `-n=1`. It accepts `-n1` only for options that ask for it, and never after other
// letters (`-bn1`). So this file splits the words before the parser sees them.
import ArgumentParser

enum ArgumentWords {
  /// Splits letters from each other and from their values: `-bn1` becomes `-b -n 1`. If the command lacks one of the
  /// letters, the word stays whole, so that the error message shows it as it was typed.
  static func separated(_ words: [String], for command: any ParsableCommand.Type) -> [String] {
    let letters = letters(of: command)
    // Words behind `--` are no options.
    let end = words.firstIndex(of: "--") ?? words.endIndex
    return words[..<end].flatMap { separated($0, letters) } + words[end...]
  }

  /// The letters of a command: those without a value, and those with a value.
  private static func letters(of command: any ParsableCommand.Type) -> (alone: String, valued: String) {
    switch command.configuration.commandName {
    case "mpgtop": ("blh", "nd")
    case "replay": ("bh", "nd")
    case "record", "scrub", "export", "stacks", "gen-config": ("h", "o")
    case "run": ("bh", "ndo")
    case "why": ("h", "g")
    default: ("h", "")
    }
  }

  private static func separated(_ word: String, _ letters: (alone: String, valued: String)) -> [String] {
    guard word.count > 2, word.first == "-", !word.hasPrefix("--") else { return [word] }
    var result: [String] = []
    var rest = word.dropFirst()
    while let letter = rest.popFirst() {
      result.append("-\(letter)")
      if letters.alone.contains(letter) { continue }
      guard letters.valued.contains(letter) else { return [word] }
      if rest.first == "=" { rest = rest.dropFirst() }
      return rest.isEmpty ? result : result + [String(rest)]
    }
    return result
  }
}
