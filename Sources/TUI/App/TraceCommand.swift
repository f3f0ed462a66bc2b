// The typed commands by which a person has the observed Go program traced. The program that shows the dashboard finds where the
// program listens, and shows what came. Nothing is sent there before the person said yes to that address.
//
//     trace 2s         asks whether a trace of two seconds may be taken; also 500ms
//     trace 2s 6061    the same from this port, where the program listens at several
//     trace            shows the last trace again, or asks for one of two seconds

/// A wish about a trace of the target.
public enum TraceCommand: Sendable, Hashable {
  /// A trace of so many nanoseconds is wanted, from this port; nil: from the one that is likeliest to give one.
  case want(length: UInt64, port: UInt16?)
  /// The last trace is wanted; if there is none, one of the usual length.
  case last
  /// The question was answered with yes.
  case take(TraceQuestion)

  /// How long a trace is for which no length was typed, in nanoseconds.
  public static let usual: UInt64 = 2_000_000_000
  /// Examples of what can be typed.
  static let forms = "trace 2s, trace 0.5s, trace 2s 6060"
  /// What can be typed, for somebody who typed something else.
  static let mistake = "a trace is 0.1 to 60 seconds long, and a port 1 to 65535: \(forms)"
  private static let lengths: ClosedRange<Double> = 0.1e9...60e9

  struct Mistake: Error, Equatable {}

  /// Whether a typed line is meant as one of these commands.
  static func isMeant(by text: String) -> Bool {
    text.lowercased().split(separator: " ").first == "trace"
  }

  /// Returns the command of a typed line; nil: the line is none of these. `.failure`: what stands behind `trace` is not
  /// understood.
  static func command(_ text: String) -> Result<TraceCommand, Mistake>? {
    guard isMeant(by: text) else { return nil }
    let words = text.lowercased().split(separator: " ").dropFirst()
    guard let word = words.first else { return .success(.last) }
    var port: UInt16?
    if words.count > 1 {
      guard words.count == 2, let number = words.last.flatMap({ UInt16($0) }), number > 0 else {
        return .failure(Mistake())
      }
      port = number
    }
    for (unit, size) in [("ms", 1e6), ("s", 1e9), ("", 1e9)] where word.hasSuffix(unit) {
      guard let number = Double(word.dropLast(unit.count)) else { continue }
      guard lengths.contains(number * size) else { return .failure(Mistake()) }
      return .success(.want(length: UInt64(number * size), port: port))
    }
    return .failure(Mistake())
  }
}

/// The question whether a trace may be taken from an address.
public struct TraceQuestion: Sendable, Hashable {
  /// The address that would be asked, such as `127.0.0.1:6060`.
  public var address: String
  /// The other addresses at which the target listens.
  public var others: [String]
  /// How long the trace is to be, in nanoseconds.
  public var length: UInt64

  /// Makes a question of its parts.
  public init(address: String, others: [String] = [], length: UInt64) {
    (self.address, self.others, self.length) = (address, others, length)
  }
}

/// What came of a wish about a trace.
public enum TraceOutcome: Sendable, Equatable {
  /// A line for the screen.
  case said(String)
  /// The person has to be asked first.
  case ask(TraceQuestion)
}
