// The byte sequences of a terminal's keys: those of the terminal database first, then those that terminals
// agree on.

/// Maps byte sequences to the keys that send them.
struct KeySequences {
  /// The keys by their sequences. A nil key is known to be a key, but has no meaning here.
  private var keys: [[UInt8]: Key?] = [:]
  /// All beginnings of longer sequences.
  private var beginnings: Set<[UInt8]> = []

  static let escape: UInt8 = 0x1B

  /// The sequences of `database`, and those that terminals agree on where `database` does not have them.
  ///
  /// - Parameter database: terminfo's names of keys (`kcuu1`), with the bytes that each key sends.
  init(database: [(name: String, bytes: [UInt8])] = []) {
    for (name, bytes) in database where !bytes.isEmpty && name != "kmous" {
      add(bytes, Self.key(named: name))
    }
    for (text, key) in Self.common where keys[[Self.escape] + Array(text.utf8)] == nil {
      add([Self.escape] + Array(text.utf8), key)
    }
  }

  private mutating func add(_ bytes: [UInt8], _ key: Key?) {
    // If two names have one sequence, the name that means something here wins.
    if let known = keys[bytes], known != nil { return }
    keys[bytes] = .some(key)
    for count in 1..<max(1, bytes.count) { beginnings.insert(Array(bytes.prefix(count))) }
  }

  /// The meaning of bytes: a key, the beginning of a key, or neither.
  enum Match: Equatable {
    case key(Key?)
    case beginning, nothing
  }

  /// Matches bytes. Bytes that are a key and also begin a longer sequence match as a beginning.
  func match(_ bytes: [UInt8]) -> Match {
    if beginnings.contains(bytes) { return .beginning }
    return keys[bytes].map { .key($0) } ?? .nothing
  }

  /// The key that sends exactly `bytes`, whether a longer sequence begins so or not; nil: no key, or one
  /// without meaning here.
  func key(_ bytes: [UInt8]) -> Key? { keys[bytes] ?? nil }

  private static func key(named name: String) -> Key? {
    switch name {
    case "kcuu1": return .up
    case "kcud1": return .down
    case "kcub1": return .left
    case "kcuf1": return .right
    case "kpp": return .pageUp
    case "knp": return .pageDown
    case "khome": return .home
    case "kend": return .end
    case "kent": return .enter
    case "kbs": return .backspace
    case "kcbt": return .backTab
    default:
      guard name.hasPrefix("kf"), let number = Int(name.dropFirst(2)) else { return nil }
      return (1...12).contains(number) ? .function(number) : nil
    }
  }

  /// Sequences after an Escape, as xterm and its kin, rxvt, and the Linux console send them.
  private static let common: [(String, Key)] =
    [
      ("[A", .up), ("[B", .down), ("[C", .right), ("[D", .left), ("[H", .home), ("[F", .end), ("OA", .up),
      ("OB", .down), ("OC", .right), ("OD", .left), ("OH", .home), ("OF", .end), ("OM", .enter),
      ("[1~", .home), ("[4~", .end), ("[5~", .pageUp), ("[6~", .pageDown), ("[7~", .home), ("[8~", .end),
      ("[Z", .backTab), ("OP", .function(1)), ("OQ", .function(2)), ("OR", .function(3)),
      ("OS", .function(4)),
    ] + zip([11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24], 1...12).map { ("[\($0)~", .function($1)) }
    + zip("ABCDE", 1...5).map { ("[[\($0)", .function($1)) }
}
