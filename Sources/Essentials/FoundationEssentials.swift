// As much of FoundationEssentials as swift-argument-parser uses, for the installed programs.
//
// Nothing of ours imports Foundation, but swift-argument-parser imports FoundationEssentials, for two things: the messages of
// errors that are `LocalizedError`s, and JSON for `--experimental-dump-help`. Linked statically, this brings 6 MB into each
// program: the library itself, its collections and its regular expressions. Hence `make release` lets the compiler find this
// module before the toolchain's (scripts/essentials.sh). The compiler checks it against its user. When a newer
// swift-argument-parser uses more, the release goes back to the toolchain's module, and this file has to grow.
//
// Without `make release`, such as in the tests, the toolchain's module is used.

/// An error that says in words what went wrong.
public protocol LocalizedError: Error {
  var errorDescription: String? { get }
}

/// Bytes.
public struct Data: Sendable {
  fileprivate let bytes: [UInt8]
}

extension String {
  /// How characters are written as bytes.
  public enum Encoding: Sendable { case utf8 }

  /// The text that bytes are; nil: they are none.
  public init?(data: Data, encoding: Encoding) {
    self.init(validating: data.bytes, as: UTF8.self)
  }
}

/// Writes values as JSON: with the keys in order, and with line breaks and indentation, whether it is asked for or not.
public final class JSONEncoder {
  /// Ways to write the same value.
  public struct OutputFormatting: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let prettyPrinted = OutputFormatting(rawValue: 1)
    public static let sortedKeys = OutputFormatting(rawValue: 2)
  }

  public var outputFormatting: OutputFormatting = []

  public init() {}

  public func encode<T: Encodable>(_ value: T) throws -> Data {
    let place = Place()
    try value.encode(to: Writer(place, []))
    var text = ""
    place.write(to: &text, indentation: "")
    return Data(bytes: Array(text.utf8))
  }
}

/// The place of one value in the JSON. It is filled by whoever encodes the value.
private final class Place {
  enum Content {
    /// Nothing was encoded.
    case empty
    /// Text that is JSON already: a number, a quoted string, `true`, `null`.
    case scalar(String)
    case array([Place])
    case object([String: Place])
  }

  var content = Content.empty

  /// Appends an element. The place is, or becomes, an array.
  func append() -> Place {
    let place = Place()
    if case .array(let elements) = content {
      content = .array(elements + [place])
    } else {
      content = .array([place])
    }
    return place
  }

  /// Adds a value for a key. The place is, or becomes, an object.
  func add(_ key: any CodingKey) -> Place {
    let place = Place()
    var members: [String: Place] = [:]
    if case .object(let known) = content { members = known }
    members[key.stringValue] = place
    content = .object(members)
    return place
  }

  func write(to text: inout String, indentation: String) {
    switch content {
    case .empty: text += "{\n\n\(indentation)}"
    case .scalar(let scalar): text += scalar
    case .array(let elements):
      Self.write(elements.map { ("", $0) }, "[", "]", to: &text, indentation)
    case .object(let members):
      let sorted = members.sorted { $0.key < $1.key }
      Self.write(sorted.map { ("\(quoted($0.key)) : ", $0.value) }, "{", "}", to: &text, indentation)
    }
  }

  private static func write(
    _ members: [(label: String, place: Place)], _ opening: String, _ closing: String, to text: inout String,
    _ indentation: String
  ) {
    text += opening + "\n"
    for (index, member) in members.enumerated() {
      text += "\(indentation)  \(member.label)"
      member.place.write(to: &text, indentation: indentation + "  ")
      if index < members.count - 1 { text += ",\n" }
    }
    text += "\n\(indentation)\(closing)"
  }
}

/// Text between quotes, with what JSON does not allow there escaped.
private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\", "/": result += "\\\(scalar)"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\u{8}": result += "\\b"
    case "\u{c}": result += "\\f"
    case "\0"..<" ":
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// Encodes one value into its place.
private struct Writer: Encoder, SingleValueEncodingContainer {
  let place: Place
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ place: Place, _ codingPath: [any CodingKey]) { (self.place, self.codingPath) = (place, codingPath) }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .object = place.content {} else { place.content = .object([:]) }
    return KeyedEncodingContainer(Members(place, codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .array = place.content {} else { place.content = .array([]) }
    return Elements(place, codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  func encodeNil() throws { place.content = .scalar("null") }

  func encode<T: Encodable>(_ value: T) throws {
    switch value {
    case let value as String: place.content = .scalar(quoted(value))
    case let value as Bool: place.content = .scalar("\(value)")
    case let value as any FixedWidthInteger: place.content = .scalar("\(value)")
    case let value as any BinaryFloatingPoint & CustomStringConvertible:
      place.content = .scalar(value.description)
    default: try value.encode(to: self)
    }
  }
}

/// Encodes the members of an object.
private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let place: Place
  let codingPath: [any CodingKey]

  init(_ place: Place, _ codingPath: [any CodingKey]) { (self.place, self.codingPath) = (place, codingPath) }

  func writer(_ key: any CodingKey) -> Writer { Writer(place.add(key), codingPath + [key]) }

  func encodeNil(forKey key: Key) throws { try writer(key).encodeNil() }
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try writer(key).encode(value) }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { writer(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    writer(key).unkeyedContainer()
  }
  func superEncoder() -> any Encoder { writer(Super.super) }
  func superEncoder(forKey key: Key) -> any Encoder { writer(key) }
}

/// The key of what a superclass encodes, unless another is given.
private enum Super: String, CodingKey { case `super` }

/// Encodes the elements of an array.
private struct Elements: UnkeyedEncodingContainer {
  let place: Place
  let codingPath: [any CodingKey]
  var count: Int { if case .array(let elements) = place.content { elements.count } else { 0 } }

  init(_ place: Place, _ codingPath: [any CodingKey]) { (self.place, self.codingPath) = (place, codingPath) }

  func writer() -> Writer { Writer(place.append(), codingPath) }

  func encodeNil() throws { try writer().encodeNil() }
  func encode<T: Encodable>(_ value: T) throws { try writer().encode(value) }
  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    writer().container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { writer().unkeyedContainer() }
  func superEncoder() -> any Encoder { writer() }
}
