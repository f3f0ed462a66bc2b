// A fact that a source does not know is nil and never 0: no number in the types of an observation is 0 only because nobody
// has set it.
import Testing

/// A number that is 0 if nobody sets it.
struct DefaultedZero: CustomStringConvertible {
  let file: String
  let line: Int
  /// Type and name: `Gs.running`.
  let fact: String

  var description: String { "\(file):\(line): \(fact) is 0 where it is not known" }

  /// All of them in a file: stored properties of types, and parameters of their initialisers and functions.
  static func all(in file: TextFile) -> [DefaultedZero] {
    var types: [(indent: Int, name: String)] = []
    return file.numbered.flatMap { number, text -> [DefaultedZero] in
      let code = text.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
      let indent = code.prefix { $0 == " " }.count
      if let type = code.firstMatch(of: #/^ *(?:\w+ +)*(?:struct|class|enum|extension|protocol) +([\w.]+)/#) {
        types.removeAll { $0.indent >= indent }
        types.append((indent, String(type.1.split(separator: ".").last ?? "")))
        return []
      }
      guard let type = types.last(where: { $0.indent < indent }) else { return [] }
      return names(in: code, isMember: indent == type.indent + 2).map {
        DefaultedZero(file: file.path, line: number, fact: "\(type.name).\($0)")
      }
    }
  }

  /// The names of what is 0 by default in a line of code.
  private static func names(in code: Substring, isMember: Bool) -> [String] {
    let property = #/^ *(?:[a-z]+(?:\([a-z]+\))? +)*var (\w+)(?:: *[\w.?]+)? = 0(?:\.0*)?\b/#
    let parameter = #/(\w+): *[\w.?]+ = 0(?:\.0*)?\b/#
    if let found = code.firstMatch(of: property) {
      return isMember && !code.contains(" static ") ? [String(found.1)] : []
    }
    return code.matches(of: parameter).map { String($0.1) }
  }
}

@Suite("Absent facts")
struct AbsentFactTests {
  /// Files with the types of observations, and of what follows from them at once.
  static let files =
    Repository.swift.filter { $0.isIn("Sources/Observed") }
    + ["Sources/Insight/Frame/Frame.swift", "Sources/History/Store/CoarseHistory.swift"].map(Repository.text)

  /// Types whose zeros are no facts of a source.
  static let others: [String: String] = [
    "GoroutineRow": "a row as the region packs it: 0 is its nil",
    "Recording": "what mpgtop itself has written",
    "Trend": "lengths of time that mpgtop itself chose",
  ]

  /// What every source knows: the list at the head of Snapshot.swift.
  static let known: Set<String> = {
    let head = Repository.text("Sources/Observed/Snapshot.swift").lines.prefix { $0.hasPrefix("//") }
    return Set(head.joined(separator: " ").matches(of: #/`(\w+\.\w+)`/#).map { String($0.1) })
  }()

  /// The account's P is told by its file, because it has the same name as a snapshot's.
  private static func isFact(_ zero: DefaultedZero) -> Bool {
    // The account is sums of events, which are known as a whole or not at all.
    !zero.file.hasSuffix("QueueAccount.swift") && others[String(zero.fact.prefix { $0 != "." })] == nil
  }

  @Test("Only what every source knows may be 0 without having been set; all else is nil")
  func noDefaultedZeros() {
    #expect(Self.files.count > 10 && Self.files.allSatisfy { $0.lines.count > 5 })
    let zeros = Self.files.flatMap(DefaultedZero.all).filter(Self.isFact)
    #expect(zeros.filter { !Self.known.contains($0.fact) }.isEmpty)
    // The list names nothing that is not there.
    #expect(Self.known.subtracting(zeros.map(\.fact)).isEmpty && Self.known.count > 8)
  }

  @Test("A defaulted 0 is found in all its forms, and nothing else is")
  func formsOfZero() {
    let text = """
      public struct Poll: Sendable {
        public var found = 0
        public var lost: UInt64 = 0
        package private(set) var share: Double = 0.0
        public var known: UInt64?  // = 0
        var text = "0"
        var limit = 10
        static var none = 0
        public init(found: Int = 0, lost: UInt64 = 0, known: UInt64? = nil, limit: Int = 10) {
          var sum = 0
          sum += found
        }

        struct Inner {
          var depth: Int? = 0
        }
      }

      extension Poll.Inner {
        func look(times: Int = 0) -> Bool { times == 0 }
      }
      """
    let file = TextFile(path: "Poll.swift", lines: text.split(separator: "\n").map(String.init))
    #expect(
      DefaultedZero.all(in: file).map(\.fact) == [
        "Poll.found", "Poll.lost", "Poll.share", "Poll.found", "Poll.lost", "Inner.depth", "Inner.times",
      ])
  }
}
