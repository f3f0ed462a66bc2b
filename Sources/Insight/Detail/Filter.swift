// The filter language: which rows of a list are shown.
//
// §1 The language. Terms stand apart by blanks, and all of them must hold. A term is a plain word, which is looked for
// in all of a row's text, or a field, an operator and a value:
//
//     reason:netpoll   begins with            site~about     has it somewhere
//     age>100ms        more, less; >= <=      p:3  p=3       a number is that number; !=
//
// `a|b` after the operator means either; `!` before a term means not. Capital letters and small ones are the same. What a
// screen prints is understood as it is printed (FilterOperand.swift), and columns go by their titles as well.
//
// §2 The cost. A hundred thousand rows are gone through between two frames: values are taken as numbers and as bytes,
// and nothing is formatted for the sake of a filter, but where a list is short.

/// The value of a field in one row.
public enum FilterValue: Sendable, Equatable {
  /// A number; times in nanoseconds.
  case number(Double)
  case text(String)
  /// The row has none; only a negated term holds, and `field:-`.
  case none
}

extension FilterValue {
  /// What a column says of a field in print.
  public init(printed text: String, of field: FilterField) {
    let word = FilterOperand(text[...])
    self =
      text.isEmpty || word.isNothing
      ? .none : field.isText ? .text(text) : word.number(of: field).map { .number($0.value) } ?? .text(text)
  }
}

/// A row that a filter may be asked about.
public protocol FilterSubject {
  func value(of field: FilterField) -> FilterValue
  /// Whether a word is in its `text`; for rows to which putting that together costs more than to look.
  func tells(_ word: FilterWord) -> Bool
  /// Whether the row shows a word that is not in its `text`.
  func prints(_ word: FilterWord) -> Bool
}

extension FilterSubject {
  public func tells(_ word: FilterWord) -> Bool { word.isIn(value(of: .text)) }
  public func prints(_ word: FilterWord) -> Bool { false }
}

/// A plain word of a filter.
public struct FilterWord: Sendable {
  let operand: FilterOperand

  /// Whether some printed text has it in it.
  public func isIn(_ text: String) -> Bool { Filter.contains(text, operand.text) }

  /// Whether it is some number as screens print them.
  public var isNumber: Bool { operand.count != nil || operand.time != nil }

  /// Whether some value is called so, or has it in it.
  public func isIn(_ value: FilterValue) -> Bool {
    switch value {
    case .none: false
    case .number(let number): operand.count?.equals(number) ?? false
    case .text(let text): text.isEmpty ? operand.isNothing : isIn(text)
    }
  }

  /// Whether it may be in a number with a letter before it, such as `G42`.
  public func mayBeID(of letter: Unicode.Scalar) -> Bool {
    operand.text.allSatisfy { $0 &- 48 < 10 || Unicode.Scalar($0) == letter }
  }

  /// Whether a field is printed so: `P3` where `p` is 3, `1.24s` where an age is so long.
  public func isPrinted(_ field: FilterField, of subject: some FilterSubject) -> Bool {
    guard let number = operand.number(of: field), case .number(let value) = subject.value(of: field) else {
      return false
    }
    // The letter says of which column it is.
    guard let letter = number.letter else { return number.equals(value) }
    let own: UInt8? = field == .by ? UInt8(ascii: "g") : field.rawValue.utf8.first
    return letter == own && number.equals(value)
  }
}

/// A parsed filter. The empty one lets everything through.
public struct Filter: Sendable, Equatable {
  package enum Relation: String, Sendable {
    case begins = ":"
    case contains = "~"
    case atLeast = ">="
    case atMost = "<="
    case more = ">"
    case less = "<"
  }

  /// As they are typed, longer ones first; a `!` among them turns the term round.
  private static let signs: [(sign: String, relation: Relation, isNegated: Bool)] = [
    (">=", .atLeast, false), ("<=", .atMost, false), ("!=", .begins, true), ("==", .begins, false),
    (">", .more, false), ("<", .less, false), (":", .begins, false), ("=", .begins, false),
    ("~", .contains, false),
  ]

  struct Term: Sendable, Equatable {
    var isNegated = false
    /// `text` with `contains`: the plain word.
    package var field = FilterField.text
    package var relation = Relation.contains
    package var values: [FilterOperand]
    /// What is printed besides its text counts too.
    var isPlain = false
  }

  /// As it was typed.
  public let source: String
  let terms: [Term]
  /// What cannot be understood, for the person who typed it; those terms count as plain words, or not at all.
  public let problem: String?

  public static let everything = Filter("")
  public var isEmpty: Bool { terms.isEmpty }

  public init(_ source: String) {
    self.source = source
    var problem: String?
    terms = Self.words(source).compactMap { Self.term($0[...], &problem) }
    self.problem = problem
  }

  private init(_ filter: Filter, _ terms: [Term]) {
    (source, self.terms, problem) = (filter.source, terms, filter.problem)
  }

  /// The terms of those fields that are wanted.
  package func only(_ isWanted: (FilterField) -> Bool) -> Filter {
    Filter(self, terms.filter { isWanted($0.field) })
  }

  /// Whether a row is shown.
  public func matches(_ subject: some FilterSubject) -> Bool {
    for term in terms where holds(term, for: subject) == term.isNegated { return false }
    return true
  }

  /// The only value that a field may have, where a single term says so: `g:42`.
  package func number(of field: FilterField) -> Double? {
    let fixed = terms.first { $0.field == field && $0.relation == .begins && !$0.isNegated }
    return fixed.flatMap { $0.values.count == 1 ? $0.values[0].number(of: field)?.value : nil }
  }

  // MARK: parsing

  /// The words, apart by blanks; but a time is one word, though its unit stands apart: `12.4 ms`.
  private static func words(_ source: String) -> [String] {
    source.split(separator: " ").reduce(into: []) { words, word in
      if let last = words.last, last.last?.isNumber == true, FilterOperand.apart.contains(String(word)) {
        words[words.count - 1] = last + " " + word
      } else {
        words.append(String(word))
      }
    }
  }

  private static func term(_ word: Substring, _ problem: inout String?) -> Term? {
    var rest = word
    let isNegated = rest.first == "!" && !rest.hasPrefix("!=")
    if isNegated { rest = rest.dropFirst() }
    guard !rest.isEmpty else { return nil }
    guard let (name, sign, value) = split(rest) else { return plain(rest, isNegated) }
    guard let field = FilterField(name: name), name.allSatisfy({ $0.isLetter && $0.isASCII }) else {
      // A word with a colon in it, such as Server.swift:88, or one at its end.
      if value.isEmpty || !name.allSatisfy({ $0.isLetter && $0.isASCII }) { return plain(rest, isNegated) }
      problem = problem ?? "no field '\(name)', such as state:running"
      return plain(rest, isNegated)
    }
    let words = value.split(separator: "|").flatMap { meant($0, by: field) }
    let values = words.map { FilterOperand($0) }
    guard !values.isEmpty else { return nil }  // still being typed
    let isCompared = sign.relation != .begins && sign.relation != .contains
    let wrong = zip(words, values).first { $0.1.number(of: field) == nil && (isCompared || !$0.1.isNothing) }
    if let wrong, isCompared || !field.isText {
      let kind =
        field.isText
        ? "'\(name)' has words, not numbers" : "'\(wrong.0)' is no \(field.isTime ? "time" : "number")"
      problem = problem ?? "\(word): \(kind), such as \(field.isText ? "\(field):…" : field.example)"
      return nil
    }
    return Term(
      isNegated: isNegated != sign.isNegated, field: field, relation: sign.relation, values: values)
  }

  private static func plain(_ word: Substring, _ isNegated: Bool) -> Term? {
    let values = word.split(separator: "|").map { FilterOperand($0) }
    return values.isEmpty ? nil : Term(isNegated: isNegated, values: values, isPlain: true)
  }

  /// What other screens and JSON call by other names: a group of wait reasons, and two states.
  private static func meant(_ value: Substring, by field: FilterField) -> [Substring] {
    switch (field, value.lowercased()) {
    case (.reason, "sync"): ["mutex", "waitGroup", "condition", "semaphore"]
    case (.state, "waiting"): ["parked"]
    case (.state, "ready"): ["runnable"]
    default: [value]
    }
  }

  /// Field, operator and value: cut at the first operator.
  private static func split(
    _ word: Substring
  ) -> (Substring, (relation: Relation, isNegated: Bool), Substring)? {
    for index in word.indices where index > word.startIndex {
      let rest = word[index...]
      guard let found = signs.first(where: { rest.hasPrefix($0.sign) }) else { continue }
      return (word[..<index], (found.relation, found.isNegated), rest.dropFirst(found.sign.count))
    }
    return nil
  }

  // MARK: matching

  private func holds(_ term: Term, for subject: some FilterSubject) -> Bool {
    if term.isPlain {
      return term.values.contains { operand in
        let word = FilterWord(operand: operand)
        return subject.tells(word) || subject.prints(word)
      }
    }
    let value = subject.value(of: term.field)
    return switch value {
    case .none: term.relation == .begins && term.values.contains(where: \.isNothing)
    case .number(let number): term.values.contains { Self.compare(number, term, $0) }
    case .text(let text): term.values.contains { Self.compare(text, term, $0) }
    }
  }

  private static func compare(_ number: Double, _ term: Term, _ operand: FilterOperand) -> Bool {
    guard let wanted = operand.number(of: term.field) else { return false }
    return switch term.relation {
    case .begins, .contains: wanted.equals(number)
    case .atLeast: number >= wanted.value
    case .atMost: number <= wanted.value
    case .more: number > wanted.value
    case .less: number < wanted.value
    }
  }

  private static func compare(_ text: String, _ term: Term, _ operand: FilterOperand) -> Bool {
    if text.isEmpty, operand.isNothing { return true }
    guard term.relation == .begins else { return contains(text, operand.text) }
    var text = text
    return text.withUTF8 { bytes in unsafe begins(bytes, with: operand.text) }
  }

  fileprivate static func contains(_ text: String, _ word: [UInt8]) -> Bool {
    var text = text
    return text.withUTF8 { bytes in unsafe contains(bytes, word) }
  }

  private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, with word: [UInt8], at start: Int = 0)
    -> Bool
  {
    guard start + word.count <= bytes.count else { return false }
    for index in word.indices where unsafe FilterOperand.folded(bytes[start + index]) != word[index] {
      return false
    }
    return true
  }

  private static func contains(_ bytes: UnsafeBufferPointer<UInt8>, _ word: [UInt8]) -> Bool {
    guard let first = word.first else { return true }
    guard word.count <= bytes.count else { return false }
    for start in 0...(bytes.count - word.count) where unsafe FilterOperand.folded(bytes[start]) == first {
      if unsafe begins(bytes, with: word, at: start) { return true }
    }
    return false
  }
}
