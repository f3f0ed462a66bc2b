// The words of a command line as fingers type them: `-n1`, `-d0.5`, `-bn1`.
//
// swift-argument-parser takes `-n 1` and `-n=1`; a value that is joined to its letter only where an option asks for it, and
// never after other letters. So the words are taken apart before it sees them.
import ArgumentParser

enum ArgumentWords {
  /// `words` with letters and their values apart: `-bn1` is `-b -n 1`. A word with a letter that the command does not have
  /// stays as it is, and is complained about as it was typed.
  static func separated(_ words: [String], for command: any ParsableCommand.Type) -> [String] {
    let letters = letters(of: command)
    // What stands behind `--` is no option.
    let end = words.firstIndex(of: "--") ?? words.endIndex
    return words[..<end].flatMap { separated($0, letters) } + words[end...]
  }

  /// The letters of a command that stand alone, and those that want a value.
  private static func letters(of command: any ParsableCommand.Type) -> (alone: String, valued: String) {
    switch command.configuration.commandName {
    case "mpgtop": ("blh", "nd")
    case "replay": ("bh", "nd")
    case "record", "scrub", "export", "gen-config": ("h", "o")
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
