// The filter language: which rows of a list are shown.
//
// §1 The language. Terms stand apart by blanks, and all of them must hold. A term is a plain word, which is looked for
// in all of a row's text, or a field, an operator and a value:
//
//     reason:netpoll   begins with            site~about     has in it
//     age>100ms        more, less; >= <=      p:3            a number is that number
//
// `a|b` after the operator means either; `!` before a term means not. Capital letters and small ones are the same.
// Ids may be written as they are shown (p:P3). Times take ns, us, ms, s, m, h; a time without a unit counts seconds.
//
// §2 The cost. A hundred thousand rows are gone through between two frames: values are taken as numbers and as bytes,
// and nothing is formatted for the sake of a filter.

/// What a row can be asked for by name.
public enum FilterField: String, Sendable, CaseIterable {
  case g, state, reason, age, site, p, m, fd, by, kind, dir, lane, tid, peer, lrq, use, cpu, text

  /// Whether its values are lengths of time.
  var isTime: Bool { self == .age }
}

/// The value of a field in one row.
public enum FilterValue: Sendable, Equatable {
  /// A number; times in nanoseconds.
  case number(Double)
  case text(String)
  /// The row has none; only a negated term holds.
  case none
}

/// A row that a filter may be asked about.
public protocol FilterSubject {
  func value(of field: FilterField) -> FilterValue
}

/// A parsed filter. The empty one lets everything through.
public struct Filter: Sendable, Equatable {
  enum Relation: String, Sendable {
    case begins = ":"
    case contains = "~"
    case atLeast = ">="
    case atMost = "<="
    case more = ">"
    case less = "<"
    static let inOrder: [Relation] = [.atLeast, .atMost, .more, .less, .begins, .contains]
  }

  struct Term: Sendable, Equatable {
    var isNegated = false
    /// `text` with `contains`: the plain word.
    var field = FilterField.text
    var relation = Relation.contains
    var values: [Operand]
  }

  struct Operand: Sendable, Equatable {
    var text: [UInt8]
    var number: Double?
  }

  /// As it was typed.
  public let source: String
  let terms: [Term]
  /// What cannot be understood, for the person who typed it; those terms count as plain words.
  public let problem: String?

  public static let everything = Filter("")
  public var isEmpty: Bool { terms.isEmpty }

  public init(_ source: String) {
    self.source = source
    var problem: String?
    terms = source.split(separator: " ").compactMap { Self.term($0, &problem) }
    self.problem = problem
  }

  private init(_ filter: Filter, _ terms: [Term]) {
    (source, self.terms, problem) = (filter.source, terms, filter.problem)
  }

  /// The terms of those fields that are wanted.
  func only(_ isWanted: (FilterField) -> Bool) -> Filter {
    Filter(self, terms.filter { isWanted($0.field) })
  }

  /// Whether a row is shown.
  public func matches(_ subject: some FilterSubject) -> Bool {
    for term in terms where holds(term, for: subject) == term.isNegated { return false }
    return true
  }

  /// The only value that a field may have, where a single term says so: `g:42`.
  func number(of field: FilterField) -> Double? {
    let fixed = terms.first { $0.field == field && $0.relation == .begins && !$0.isNegated }
    return fixed.flatMap { $0.values.count == 1 ? $0.values[0].number : nil }
  }

  // MARK: parsing

  private static func term(_ word: Substring, _ problem: inout String?) -> Term? {
    var rest = word
    let isNegated = rest.first == "!"
    if isNegated { rest = rest.dropFirst() }
    guard !rest.isEmpty else { return nil }
    guard let (name, relation, value) = split(rest) else { return plain(rest, isNegated) }
    guard let field = FilterField(rawValue: name.lowercased()) else {
      // A word with a colon in it, such as Server.swift:88.
      if !name.allSatisfy({ $0.isLetter && $0.isASCII }) { return plain(rest, isNegated) }
      problem = problem ?? "no field '\(name)'"
      return plain(rest, isNegated)
    }
    let values = value.split(separator: "|").map { operand($0, isTime: field.isTime) }
    guard !values.isEmpty else { return nil }  // still being typed
    if relation != .begins, relation != .contains, values.contains(where: { $0.number == nil }) {
      problem = problem ?? "'\(value)' is no number"
      return nil
    }
    return Term(isNegated: isNegated, field: field, relation: relation, values: values)
  }

  private static func plain(_ word: Substring, _ isNegated: Bool) -> Term? {
    let values = word.split(separator: "|").map { Operand(text: folded($0), number: nil) }
    return values.isEmpty ? nil : Term(isNegated: isNegated, values: values)
  }

  /// Field, operator and value: cut at the first operator.
  private static func split(_ word: Substring) -> (Substring, Relation, Substring)? {
    guard let index = word.firstIndex(where: { ":~<>".contains($0) }), index > word.startIndex else {
      return nil
    }
    let rest = word[index...]
    guard let relation = Relation.inOrder.first(where: { rest.hasPrefix($0.rawValue) }) else { return nil }
    return (word[..<index], relation, rest.dropFirst(relation.rawValue.count))
  }

  private static func operand(_ word: Substring, isTime: Bool) -> Operand {
    Operand(text: folded(word), number: isTime ? time(word) : number(word))
  }

  /// `3`, `P3`, `80%`.
  private static func number(_ word: Substring) -> Double? {
    var digits = word.last == "%" ? word.dropLast() : word
    if let first = digits.first, first.isLetter, digits.count > 1 { digits = digits.dropFirst() }
    guard digits.first?.isNumber == true else { return nil }
    return Double(digits)
  }

  private static func time(_ word: Substring) -> Double? {
    let units: [(String, Double)] = [
      ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("", 1e9),
    ]
    for (unit, scale) in units where word.hasSuffix(unit) {
      if let value = Double(word.dropLast(unit.count)), value.isFinite, value >= 0 { return value * scale }
    }
    return nil
  }

  // MARK: matching

  private func holds(_ term: Term, for subject: some FilterSubject) -> Bool {
    switch subject.value(of: term.field) {
    case .none: false
    case .number(let number): term.values.contains { Self.compare(number, term.relation, $0) }
    case .text(let text): term.values.contains { Self.compare(text, term.relation, $0) }
    }
  }

  private static func compare(_ number: Double, _ relation: Relation, _ operand: Operand) -> Bool {
    guard let wanted = operand.number else { return false }
    return switch relation {
    case .begins, .contains: number == wanted
    case .atLeast: number >= wanted
    case .atMost: number <= wanted
    case .more: number > wanted
    case .less: number < wanted
    }
  }

  private static func compare(_ text: String, _ relation: Relation, _ operand: Operand) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      unsafe relation == .begins ? begins(bytes, with: operand.text) : contains(bytes, operand.text)
    }
  }

  private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, with word: [UInt8], at start: Int = 0)
    -> Bool
  {
    guard start + word.count <= bytes.count else { return false }
    for index in word.indices where unsafe folded(bytes[start + index]) != word[index] { return false }
    return true
  }

  private static func contains(_ bytes: UnsafeBufferPointer<UInt8>, _ word: [UInt8]) -> Bool {
    guard word.count <= bytes.count else { return false }
    for start in 0...(bytes.count - word.count) where unsafe begins(bytes, with: word, at: start) {
      return true
    }
    return false
  }

  private static func folded(_ word: Substring) -> [UInt8] { word.utf8.map(folded) }
  private static func folded(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 32 : byte }
}
