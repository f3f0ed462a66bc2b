// The blocks of a Swift file that are read at one sitting: bodies of functions, initialisers, deinitialisers, subscripts,
// computed properties, accessors and closures, each with its length.

/// What stands between an opening brace and the one that closes it, with the declaration that it belongs to. The bodies
/// of types and extensions are none: a file's cap holds for those.
struct CodeBlock: Sendable, CustomStringConvertible {
  /// What a block belongs to.
  enum Owner: Sendable {
    case type, function, initialiser, deinitialiser, subscripted, property
    /// A closure, an accessor, or a branch or loop: what has a brace and no declaration before it.
    case block

    /// None: this word declares nothing that has a body.
    init?(_ word: String, before next: SwiftToken?) {
      switch word {
      case "struct", "class", "enum", "extension", "protocol": self = .type
      case "actor" where next?.isWord == true: self = .type
      case "func": self = .function
      case "init": self = .initialiser
      case "deinit": self = .deinitialiser
      case "subscript": self = .subscripted
      case "var": self = .property
      default: return nil
      }
    }
  }

  let path: String
  let owner: Owner
  /// The line of `func`, `init`, `var` and so on; for what declares nothing, that of the opening brace.
  let line: Int
  /// Lines from there to the closing brace, both counted.
  let length: Int
  var description: String { "\(path):\(line): \(owner) of \(length) lines" }

  /// In the order in which they end. None when the file is not understood: a string, comment or bracket does not end.
  static func all(in file: TextFile) -> [CodeBlock]? {
    guard let tokens = SwiftToken.all(in: file.lines.joined(separator: "\n")) else { return nil }
    var finder = BlockFinder(path: file.path)
    for (index, token) in tokens.enumerated() {
      let previous = index > 0 ? tokens[index - 1] : nil
      let next = index + 1 < tokens.count ? tokens[index + 1] : nil
      guard finder.take(token, after: previous, before: next) else { return nil }
    }
    return finder.isComplete ? finder.found : nil
  }
}

/// Follows the brackets of a file, and remembers for each what was declared last directly inside it.
private struct BlockFinder {
  private typealias Declaration = (owner: CodeBlock.Owner, line: Int)

  /// A bracket that is open; the file itself counts as the outermost.
  private struct Opening {
    let closer: String
    /// Whose body this is; none for parentheses and square brackets, and for the file.
    var body: Declaration?
    /// Declared directly inside, its body still to come.
    var declared: Declaration?
    /// Statements stand directly inside braces and files only: `init:` between parentheses is an argument's label.
    var holdsStatements: Bool { closer == "}" || closer.isEmpty }
  }

  let path: String
  private var open = [Opening(closer: "")]
  private(set) var found: [CodeBlock] = []

  init(path: String) { self.path = path }

  /// Whether all brackets are closed.
  var isComplete: Bool { open.count == 1 }

  /// False when the token closes what is not open.
  mutating func take(_ token: SwiftToken, after previous: SwiftToken?, before next: SwiftToken?) -> Bool {
    switch token.text {
    case "(": open.append(Opening(closer: ")"))
    case "[": open.append(Opening(closer: "]"))
    case "{":
      let body = open[open.count - 1].declared ?? (.block, token.line)
      open[open.count - 1].declared = nil
      open.append(Opening(closer: "}", body: body))
    case ")", "]", "}":
      guard open.count > 1, let last = open.popLast(), last.closer == token.text else { return false }
      if let body = last.body, body.owner != .type {
        found.append(
          CodeBlock(path: path, owner: body.owner, line: body.line, length: token.line - body.line + 1))
      }
    default: note(token, after: previous, before: next)
    }
    return true
  }

  /// Notes a declaration that begins here, and forgets a property or a requirement that has turned out to have no body.
  private mutating func note(_ token: SwiftToken, after previous: SwiftToken?, before next: SwiftToken?) {
    let last = open.count - 1
    guard open[last].holdsStatements, previous?.text != "." else { return }
    if let owner = CodeBlock.Owner(token.text, before: next) {
      open[last].declared = (owner, token.line)
    } else if token.text == "let" {
      open[last].declared = nil
    } else if open[last].declared?.owner == .property, endsProperty(token, after: previous) {
      open[last].declared = nil
    }
  }

  /// Whether the token shows that a property is a stored one: a value follows, or the next line starts a statement.
  private func endsProperty(_ token: SwiftToken, after previous: SwiftToken?) -> Bool {
    guard token.text != "=" else { return true }
    guard let previous, token.line > previous.line else { return false }
    return token.isWord && ![":", "->", "&", ","].contains(previous.text)
  }
}
