// Decides which command a command line means. Only the first word counts. A word that is no command names a process, or is a
// mistyped command.
import ArgumentParser

struct Invocation {
  let command: any ParsableCommand.Type
  let arguments: [String]
  /// The first word, and the command whose name it resembles; nil: it resembles none.
  let mistyped: (word: String, command: String)?

  /// - Throws: if help is requested for a command that does not exist.
  init(_ words: [String]) throws(Failure) {
    var words = words
    if words.first == "help" {
      words = Array(words.dropFirst().prefix(1)) + ["--help"]
      if let word = words.first, word != "--help", Self.command(word) == nil {
        let names = AllCommands.names.split(separator: "|").joined(separator: ", ")
        let hint = Self.near(word).map { "did you mean \($0)?" } ?? "there are \(names)"
        throw Failure(ExitCode.usage, "'\(word)' is no command; \(hint)")
      }
    }
    if let word = words.first, let other = Self.command(word) {
      (command, mistyped) = (other, nil)
      words.removeFirst()
    } else {
      let wantsCompletion = words.first?.hasPrefix("--generate-completion-script") == true
      command = wantsCompletion ? AllCommands.self : Options.self
      mistyped = words.first.flatMap { word in Self.near(word).map { (word, $0) } }
    }
    arguments = ArgumentWords.separated(words, for: command)
  }

  /// The command line that shows this command's help.
  var help: String {
    command == Options.self || command == AllCommands.self
      ? "mpgtop --help" : "mpgtop \(command.configuration.commandName ?? "") --help"
  }

  private static func command(_ word: String) -> (any ParsableCommand.Type)? {
    AllCommands.others.first { $0.configuration.commandName == word }
  }

  // MARK: mistyped commands

  /// The command that `word` was probably meant to be; nil: none.
  static func near(_ word: String) -> String? {
    let names = AllCommands.others.compactMap { $0.configuration.commandName } + ["help"]
    let lower = word.lowercased()
    let begun = names.filter { lower.count > 2 && $0.hasPrefix(lower) }
    if begun.count == 1 { return begun[0] }
    let best = names.map { (name: $0, distance: distance(lower, $0)) }.min { $0.distance < $1.distance }
    // In a short word allow only one mistake: two would be half of it.
    return best.flatMap { $0.distance <= ($0.name.count < 5 ? 1 : 2) ? $0.name : nil }
  }

  /// The number of letters that were left out, added, mistaken, or swapped with their neighbour.
  private static func distance(_ one: String, _ other: String) -> Int {
    let (a, b) = (Array(one), Array(other))
    guard !a.isEmpty, a.count < 32 else { return .max }
    var rows = [Array(0...b.count)]
    for i in 1...a.count {
      var row = [i]
      for j in 1...b.count {
        let isSame = a[i - 1] == b[j - 1]
        var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (isSame ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          best = min(best, rows[i - 2][j - 2] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
