// The options of all commands that show frames: the form of frames, their number, their interval.
import ArgumentParser
import Inspector
import TUI

struct FrameOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Print frames as plain text instead of opening a screen.")
  var batch = false

  @Flag(help: "Print frames as JSON, one object per line (implies -b).")
  var json = false

  @Flag(help: "Print frames as comma-separated values (implies -b).")
  var csv = false

  @Flag(help: "Print frames as lines like those of Go's GODEBUG=schedtrace (implies -b).")
  var schedtrace = false

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("Stop after this number of frames (with -b).", valueName: "count"))
  var frames: Int?

  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp("Seconds between frames, 0.01 to 86400. Default: 1 with -b.", valueName: "seconds"))
  var delay: Double?

  @Flag(
    name: .customLong("a11y"),
    help: "Say in words what changes, one line per change, for screen readers (implies -b).")
  var isLinear = false

  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false

  @Flag(name: .customLong("no-color"), help: "Show no colours. NO_COLOR in the environment does the same.")
  var noColor = false

  @Option(
    help: ArgumentHelp("The first screen, by name or key: gs, 3, v.", valueName: "screen"))
  var screen: ScreenID?

  @Option(
    help: ArgumentHelp(
      "The colours: \(ThemeName.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "theme"))
  var theme: ThemeName?

  @Flag(name: .customLong("no-mouse"), help: "Leave the mouse to the terminal.")
  var noMouse = false

  /// Whether frames go to standard output instead of a screen.
  var isBatch: Bool { batch || json || csv || schedtrace || isLinear }

  /// The time between two frames in batch output, in nanoseconds.
  var interval: UInt64 { UInt64((delay ?? 1) * 1e9) }

  mutating func validate() throws {
    if let frames, frames < 1 { throw ValidationError("-n \(frames): the number of frames is 1 or more") }
    if let delay, !(delay >= 0.01 && delay <= 86_400) {
      throw ValidationError("-d \(delay): the time between frames is 0.01 to 86400 seconds")
    }
    if frames != nil, !isBatch { throw ValidationError("-n goes with -b or --json") }
    if [json, csv, schedtrace, isLinear].count(where: { $0 }) > 1 {
      throw ValidationError("--json, --csv, --schedtrace and --a11y are forms of the same; take one")
    }
  }
}

/// The options that limit the history.
struct HistoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("How far back the history goes: 30s, 5m, 1h. Default: 10m.", valueName: "time"))
  var history: TimeSpan?

  @Option(
    help: ArgumentHelp("Memory for the history: 100M, 1G. Default: 250M.", valueName: "bytes"))
  var memory: ByteCount?

  var limits: HistoryLimits {
    var limits = HistoryLimits()
    if let history { limits.duration = history.nanoseconds }
    if let memory { limits.bytes = memory.bytes }
    return limits
  }
}

/// A length of time as the user writes it: `100ms`, `30s`, `5m`, `1h`. A number without a unit is in seconds.
struct TimeSpan: ExpressibleByArgument, Equatable {
  var nanoseconds: UInt64

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  init?(argument: String) {
    guard let span = Self.parse(argument), span > 0 else { return nil }
    nanoseconds = span
  }

  private static func parse(_ text: String) -> UInt64? {
    let units: [(String, Double)] = [
      ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("", 1e9),
    ]
    let unit = units.first { text.hasSuffix($0.0) && Double(text.dropLast($0.0.count)) != nil }
    guard let unit, let number = Double(text.dropLast(unit.0.count)), number >= 0 else { return nil }
    return UInt64(exactly: (min(number * unit.1, 4e18)).rounded())
  }
}

/// A number of bytes as the user writes it: `1048576`, `100K`, `250M`, `1G`. Units are powers of 1,000, as is
/// usual for memory limits.
struct ByteCount: ExpressibleByArgument, Equatable {
  var bytes: Int

  init?(argument: String) {
    let units: [(Character, Double)] = [("K", 1e3), ("M", 1e6), ("G", 1e9)]
    let unit = units.first { $0.0 == argument.uppercased().last }
    guard let number = Double(unit == nil ? argument : String(argument.dropLast())) else { return nil }
    let count = number * (unit?.1 ?? 1)
    // Below a megabyte there is no room for one keyframe of a large target and its events.
    guard count >= 1e6, count <= 1e12 else { return nil }
    bytes = Int(count)
  }
}

extension ScreenID: ExpressibleByArgument {
  public init?(argument: String) { self.init(name: argument) }
  public static var allValueStrings: [String] { allCases.map { "\($0)" } }
}

extension ThemeName: ExpressibleByArgument {}
