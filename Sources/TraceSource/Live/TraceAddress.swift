// Where a running Go program gives traces of itself: the address of net/http/pprof's `trace`, as people write it.

/// The address of a Go program's traces.
public struct TraceAddress: Sendable, Equatable {
  /// The host's name or number, without the brackets of an IPv6 number.
  public let host: String
  /// The port; 80 if none was written.
  public let port: UInt16
  /// What is asked for, with the length of a trace in its query.
  public let target: String
  /// How long each trace is, in seconds.
  public let seconds: Double

  /// What is asked for where only a host was written.
  static let path = "/debug/pprof/trace"
  /// Such a path, for messages.
  public static let example = "\(path)?seconds=2"
  /// The longest address that is taken, in characters, and the longest trace, in seconds.
  private static let (longest, mostSeconds) = (2048, 60.0)

  /// Whether a word is meant as an address, of whatever kind.
  public static func isMeant(by word: String) -> Bool {
    let lower = word.lowercased()
    return lower.hasPrefix("http://") || lower.hasPrefix("https://")
  }

  /// Understands an address: `http://host:6060`, with or without the path, and with `?seconds=` for the length of each trace.
  ///
  /// - Throws: `TraceTrouble` of the kind `usage` if it cannot be used; its words say what can.
  public init(_ word: String) throws(TraceTrouble) {
    guard word.lowercased().hasPrefix("http://") else {
      throw TraceTrouble(
        .usage,
        "\(Self.shown(word)): mpgtop has no TLS; make a tunnel, such as ssh -L 6060:localhost:6060 HOST, and take "
          + "http://localhost:6060, or give it one trace: curl -s '\(Self.shown(word))' | mpgtop replay -")
    }
    guard word.count <= Self.longest, word.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw TraceTrouble(
        .usage,
        "\(Self.shown(word)): an address has no blanks, no other characters than ASCII's, and 2,048 at most")
    }
    let rest = word.dropFirst("http://".count).prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@") else {
      throw TraceTrouble(
        .usage,
        "a name and a password in the address are not sent; take curl -s -u NAME ADDRESS | mpgtop replay -")
    }
    (host, port) = try Self.place(authority, in: word)
    let tail = rest.dropFirst(authority.count)
    let words = tail.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let query = words.count > 1 ? words[1] : ""
    (target, seconds) = try Self.asked(Self.path(words.first ?? ""), query)
  }

  /// The traces of a server on this machine, each a number of seconds long.
  package init(host: String, port: UInt16, seconds: Double) {
    (self.host, self.port, self.seconds) = (host, port, seconds)
    target = "\(Self.path)?seconds=\(seconds)"
  }

  /// The address without what is asked for: `host:6060`.
  public var server: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

  private static func place(_ authority: Substring, in word: String) throws(TraceTrouble) -> (String, UInt16)
  {
    var (host, port) = (authority, Substring(""))
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      host = authority[authority.index(after: authority.startIndex)..<end]
      port = authority[authority.index(after: end)...]
    } else if let colon = authority.lastIndex(of: ":") {
      (host, port) = (authority[..<colon], authority[colon...])
    }
    guard !host.isEmpty, !host.hasPrefix("["), port.isEmpty || port.hasPrefix(":") else {
      throw TraceTrouble(.usage, "\(shown(word)): there is no host in it; write http://HOST:6060")
    }
    if port.dropFirst().isEmpty { return (String(host), 80) }
    guard let number = UInt16(port.dropFirst()), number > 0 else {
      throw TraceTrouble(.usage, "\(shown(word)): a port is 1 to 65535")
    }
    return (String(host), number)
  }

  /// The path of traces: also for who writes only the host, or the page that lists the profiles.
  private static func path(_ written: Substring) -> String {
    switch written {
    case "", "/": path
    case _ where written.hasSuffix("/debug/pprof"): written + "/trace"
    case _ where written.hasSuffix("/debug/pprof/"): written + "trace"
    default: String(written)
    }
  }

  private static func asked(_ path: String, _ query: Substring) throws(TraceTrouble) -> (String, Double) {
    var parts = query.split(separator: "&")
    let told = parts.firstIndex { $0.hasPrefix("seconds=") }
    let text = told.map { parts[$0].dropFirst("seconds=".count) } ?? "1"
    guard let seconds = Double(text), seconds >= 0.1, seconds <= mostSeconds else {
      throw TraceTrouble(.usage, "seconds=\(shown(String(text))): each trace is 0.1 to 60 seconds long")
    }
    if told == nil { parts.append("seconds=1") }
    return (path + "?" + parts.joined(separator: "&"), seconds)
  }

  /// An address in a message: not too long.
  private static func shown(_ word: String) -> String { word.count > 100 ? word.prefix(100) + "..." : word }
}

/// Why no trace came. A plain value.
public struct TraceTrouble: Error, Sendable, Equatable {
  /// The kinds of troubles.
  public enum Kind: Sendable {
    /// The address cannot be used.
    case usage
    /// Nobody listens there.
    case noServer
    /// The server answers, but gives no trace.
    case refused
    /// What comes is no trace that can be read.
    case notUnderstood
    /// It began to answer, and then went, or fell silent.
    case lost
  }

  /// The kind.
  public var kind: Kind
  /// One clause for people: what is wrong, and what to do.
  public var words: String

  /// Makes a trouble of its parts.
  public init(_ kind: Kind, _ words: String) { (self.kind, self.words) = (kind, words) }
}
