// The filter language: which rows of a list are shown.
//
// §1 The language. Terms are separated by blanks, and all of them must hold. A term is a plain word, which is
// searched for in all of a row's text; or it is a field, an operator and a value:
//
//     reason:netpoll   begins with            site~about     has it somewhere
//     age>100ms        more, less; >= <=      p:3  p=3       equals a number; != does not
//
// `a|b` after the operator means either of the two. `!` before a term negates it. Capital and small letters
// are the same. Values are read as screens print them (FilterOperand.swift), and a column may also be named
// by its title.
//
// §2 The cost. A hundred thousand rows are filtered between two frames. So values are compared as numbers and
// bytes, and nothing is formatted for a filter unless the list is short.

/// The value that one row has for a field.
public enum FilterValue: Sendable, Equatable {
  /// A number. Times are in nanoseconds.
  case number(Double)
  /// A text.
  case text(String)
  /// The row has no value for this field. Then the only terms about the field that hold are negated ones and
  /// `field:-`.
  case none
}

extension FilterValue {
  /// Reads the value of a field from the text that a column prints.
  public init(printed text: String, of field: FilterField) {
    let word = FilterOperand(text[...])
    self =
      text.isEmpty || word.isNothing
      ? .none : field.isText ? .text(text) : word.number(of: field).map { .number($0.value) } ?? .text(text)
  }
}

/// A row to which a filter is applied.
public protocol FilterSubject {
  /// The row's value of a field.
  func value(of field: FilterField) -> FilterValue
  /// Whether a word is in the row's `text`. A row implements this if it is cheaper than putting `text`
  /// together.
  func tells(_ word: FilterWord) -> Bool
  /// Whether the row shows a word outside its `text`, such as in another column.
  func prints(_ word: FilterWord) -> Bool
}

extension FilterSubject {
  /// Returns whether the word is in the row's value of the field `text`.
  public func tells(_ word: FilterWord) -> Bool { word.isIn(value(of: .text)) }
  /// Returns false, because the row shows nothing besides its `text`.
  public func prints(_ word: FilterWord) -> Bool { false }
}

/// A plain word of a filter.
public struct FilterWord: Sendable {
  let operand: FilterOperand

  /// Whether a printed text contains the word.
  public func isIn(_ text: String) -> Bool { Filter.contains(text, operand.text) }

  /// Whether the word is a number as screens print numbers.
  public var isNumber: Bool { operand.count != nil || operand.time != nil }

  /// Whether a value equals the word, or contains it.
  public func isIn(_ value: FilterValue) -> Bool {
    switch value {
    case .none: false
    case .number(let number): operand.count?.equals(number) ?? false
    case .text(let text): text.isEmpty ? operand.isNothing : isIn(text)
    }
  }

  /// Whether the word may be a part of an id that is printed with this letter before it, such as `G42`.
  public func mayBeID(of letter: Unicode.Scalar) -> Bool {
    operand.text.allSatisfy { $0 &- 48 < 10 || Unicode.Scalar($0) == letter }
  }

  /// Whether a field is printed like the word: `P3` where `p` is 3, `1.24s` where an age is that long.
  public func isPrinted(_ field: FilterField, of subject: some FilterSubject) -> Bool {
    guard let number = operand.number(of: field), case .number(let value) = subject.value(of: field) else {
      return false
    }
    // The letter says to which column the number belongs.
    guard let letter = number.letter else { return number.equals(value) }
    let own: UInt8? = field == .by ? UInt8(ascii: "g") : field.rawValue.utf8.first
    return letter == own && number.equals(value)
  }
}

/// A parsed filter. The empty filter lets everything through.
public struct Filter: Sendable, Equatable {
  /// How a row's value is compared with the values of a term.
  package enum Relation: String, Sendable {
    case begins = ":"
    case contains = "~"
    case atLeast = ">="
    case atMost = "<="
    case more = ">"
    case less = "<"
  }

  /// The operators as they are typed, longer ones first, and whether each negates its term.
  private static let signs: [(sign: String, relation: Relation, isNegated: Bool)] = [
    (">=", .atLeast, false), ("<=", .atMost, false), ("!=", .begins, true), ("==", .begins, false),
    (">", .more, false), ("<", .less, false), (":", .begins, false), ("=", .begins, false),
    ("~", .contains, false),
  ]

  /// One term of the filter: a field, a relation and values. It holds if the row's field has the relation to
  /// at least one of the values.
  struct Term: Sendable, Equatable {
    var isNegated = false
    /// A term that is a plain word has the field `text` and the relation `contains`.
    var field = FilterField.text
    var relation = Relation.contains
    var values: [FilterOperand]
    /// Whether the term is a plain word. Such a word may also be in what a row prints besides its `text`.
    var isPlain = false
  }

  /// Whether a term of the filter is about a field.
  public func asks(_ field: FilterField) -> Bool { terms.contains { $0.field == field } }

  /// The filter as it was typed.
  public let source: String
  let terms: [Term]
  /// The part of the filter that cannot be understood, in words for the person who typed it; nil: all is
  /// understood. Terms that are not understood count as plain words, or not at all.
  public let problem: String?

  /// The empty filter.
  public static let everything = Filter("")
  /// Whether the filter has no terms, and so lets everything through.
  public var isEmpty: Bool { terms.isEmpty }

  /// Parses a filter. This never fails; see `problem`.
  public init(_ source: String) {
    self.source = source
    var problem: String?
    terms = Self.words(source).compactMap { Self.term($0[...], &problem) }
    self.problem = problem
  }

  private init(_ filter: Filter, _ terms: [Term]) {
    (source, self.terms, problem) = (filter.source, terms, filter.problem)
  }

  /// The filter with only the terms about wanted fields.
  package func only(_ isWanted: (FilterField) -> Bool) -> Filter {
    Filter(self, terms.filter { isWanted($0.field) })
  }

  /// Whether a row is shown.
  public func matches(_ subject: some FilterSubject) -> Bool {
    for term in terms where holds(term, for: subject) == term.isNegated { return false }
    return true
  }

  /// The only number that a field may have, if one term says so: `g:42`. nil: no term does.
  package func number(of field: FilterField) -> Double? {
    let fixed = terms.first { $0.field == field && $0.relation == .begins && !$0.isNegated }
    return fixed.flatMap { $0.values.count == 1 ? $0.values[0].number(of: field)?.value : nil }
  }

  // MARK: parsing

  /// Splits a filter at blanks. A time stays one word, even if a blank stands before its unit: `12.4 ms`.
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
      // The colon is inside a word, such as Server.swift:88, or at its end. So it is no operator, and the
      // word is a plain one.
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

  /// Translates names that other screens and JSON use: a group of wait reasons, and two states.
  private static func meant(_ value: Substring, by field: FilterField) -> [Substring] {
    switch (field, value.lowercased()) {
    case (.reason, "sync"): ["mutex", "waitGroup", "condition", "semaphore"]
    case (.state, "waiting"): ["parked"]
    case (.state, "ready"): ["runnable"]
    default: [value]
    }
  }

  /// Splits a term at its first operator into field, operator and value; nil: it has no operator.
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
    return text.withUTF8 { bytes in unsafe beginsWithoutBlanks(bytes, with: operand.text) }
  }

  /// Whether a text begins with a word if blanks in the text do not count. Terms are separated by blanks, so a user
  /// writes `reason=chanreceive` for `chan receive`.
  private static func beginsWithoutBlanks(_ bytes: UnsafeBufferPointer<UInt8>, with word: [UInt8]) -> Bool {
    var next = 0
    for index in 0..<bytes.count where next < word.count {
      let byte = unsafe FilterOperand.folded(bytes[index])
      if byte == word[next] {
        next += 1
      } else if byte != UInt8(ascii: " ") {
        return false
      }
    }
    return next == word.count
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
