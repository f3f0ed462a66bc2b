// The settings file: how the screen looks when nothing else is said. `mpgtop gen-config` prints one with comments.
//
// `$XDG_CONFIG_HOME/mpgtop/config`, else `~/.config/mpgtop/config`: lines of `name = value`; `#` begins a comment. What
// stands on the command line counts more.
internal import Glibc
import Inspector
import TUI

struct Settings: Equatable {
  var theme = ThemeName.calm
  var screen = ScreenID.overview
  /// Milliseconds.
  var interval: Int?
  var ascii = false
  var color = true
  var mouse = true

  /// What `gen-config` prints: every setting with what it is unless told otherwise.
  static let template = """
    # mpgtop: how the screen looks. $XDG_CONFIG_HOME/mpgtop/config, or ~/.config/mpgtop/config.
    # What stands on the command line counts more.

    # \(ThemeName.allCases.map(\.rawValue).joined(separator: ", ")); the key T goes through them.
    # safe: for any kind of colour vision; on terminals with few colours all but mono are one.
    theme = calm

    # The screen to begin with: \(ScreenID.allCases.map { "\($0)" }.joined(separator: ", ")).
    screen = overview

    # Milliseconds between two frames, 10 or more; + and - change it.
    interval = 100

    # yes: ASCII characters only. no: what the locale allows.
    ascii = no

    # no: no colours; so does NO_COLOR in the environment.
    color = yes

    # no: the mouse is left to the terminal, for selecting text without Shift.
    mouse = yes

    """

  /// The settings of a file's text. Throws what the first wrong line is.
  init(text: String, path: String = "") throws(Failure) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let content = line.prefix { $0 != "#" }
      let parts = content.split(separator: "=", maxSplits: 1).map {
        $0.split(separator: " ").joined(separator: " ")
      }
      guard parts.contains(where: { !$0.isEmpty }) else { continue }
      guard parts.count == 2, take(parts[0], parts[1]) else {
        throw Failure(
          ExitCode.usage,
          "\(path):\(index + 1): '\(content.trimmingBlanks)' is no setting (mpgtop gen-config prints them all)"
        )
      }
    }
  }

  init() {}

  /// A new settings file. Somebody's own settings are never written over.
  static func writeTemplate(to path: String) throws(InspectorError) {
    var rules = OutputRules()
    rules.isNew = true
    do throws(InspectorError) {
      let file = try OutputFile(path: path, rules)
      try file.write(Array(template.utf8))
      try file.commit()
    } catch .system(_, _, EEXIST) {
      throw .badOutput(path: path, reason: "it is there already; move it away first")
    }
  }

  /// The settings of the user's file; those that hold anyway when there is none.
  static func load() throws(Failure) -> Settings {
    guard let path else { return Settings() }
    guard let bytes = contents(of: path) else { return Settings() }
    return try Settings(text: String(decoding: bytes, as: UTF8.self), path: path)
  }

  private static var path: String? {
    if let folder = environment("XDG_CONFIG_HOME") { return folder + "/mpgtop/config" }
    return environment("HOME").map { $0 + "/.config/mpgtop/config" }
  }

  /// At most 64 KB; nil: there is no such file, or it may not be read.
  private static func contents(of path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    return count < 0 ? nil : Array(bytes.prefix(count))
  }

  /// Whether there is such a setting and such a value.
  private mutating func take(_ name: String, _ value: String) -> Bool {
    func flag(_ path: WritableKeyPath<Settings, Bool>) -> Bool {
      guard value == "yes" || value == "no" else { return false }
      self[keyPath: path] = value == "yes"
      return true
    }
    switch name {
    case "theme":
      guard let theme = ThemeName(rawValue: value) else { return false }
      self.theme = theme
    case "screen":
      guard let screen = ScreenID(name: value) else { return false }
      self.screen = screen
    case "interval":
      guard let interval = Int(value), interval >= 10, interval <= 86_400_000 else { return false }
      self.interval = interval
    case "ascii": return flag(\.ascii)
    case "color": return flag(\.color)
    case "mouse": return flag(\.mouse)
    default: return false
    }
    return true
  }
}

extension Substring {
  fileprivate var trimmingBlanks: String { split(separator: " ").joined(separator: " ") }
}

extension ScreenID {
  /// By its name, or its digit.
  init?(name: String) {
    guard
      let screen = Self.allCases.first(where: { "\($0)" == name.lowercased() || "\($0.rawValue)" == name })
    else {
      return nil
    }
    self = screen
  }
}
