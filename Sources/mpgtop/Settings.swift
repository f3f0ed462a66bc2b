// The settings file: defaults for the screen. `mpgtop gen-config` prints such a file with comments.
//
// The file is `$XDG_CONFIG_HOME/mpgtop/config`, else `~/.config/mpgtop/config`. It has lines of `name = value`; `#` begins a
// comment. Options on the command line override it.
internal import Glibc
import Inspector
import TUI

struct Settings: Equatable {
  var theme = ThemeName.calm
  var screen = ScreenID.overview
  /// The milliseconds between two frames; nil: not set.
  var interval: Int?
  var ascii = false
  var color = true
  var mouse = true

  /// The text that `gen-config` prints: every setting with its default.
  static let template = """
    # mpgtop: settings of the screen. $XDG_CONFIG_HOME/mpgtop/config, or ~/.config/mpgtop/config.
    # Options on the command line override this file.

    # \(ThemeName.allCases.map(\.rawValue).joined(separator: ", ")). The key T switches to the next one.
    # safe is for any kind of colour vision. On terminals with few colours all themes but mono look the same.
    theme = calm

    # The first screen: \(ScreenID.allCases.map { "\($0)" }.joined(separator: ", ")).
    screen = overview

    # Milliseconds between two frames, 10 or more. The keys + and - change it.
    interval = 100

    # yes: ASCII characters only. no: all characters that the locale has.
    ascii = no

    # no: no colours. NO_COLOR in the environment does the same.
    color = yes

    # no: leave the mouse to the terminal, so that it selects text without Shift.
    mouse = yes

    """

  /// Parses the text of a settings file. Throws an error that names the first wrong line.
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

  /// Writes a new settings file. Never replaces an existing one.
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

  /// Reads the user's settings file; the defaults if there is none.
  static func load() throws(Failure) -> Settings {
    guard let path else { return Settings() }
    guard let bytes = contents(of: path) else { return Settings() }
    return try Settings(text: String(decoding: bytes, as: UTF8.self), path: path)
  }

  private static var path: String? {
    if let folder = environment("XDG_CONFIG_HOME") { return folder + "/mpgtop/config" }
    return environment("HOME").map { $0 + "/.config/mpgtop/config" }
  }

  /// At most 64 KB of the file; nil: it does not exist, or may not be read.
  private static func contents(of path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    return count < 0 ? nil : Array(bytes.prefix(count))
  }

  /// Stores one setting; false: there is no setting of this name, or it cannot have this value.
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
  /// A screen by its name or its key.
  init?(name: String) {
    guard
      let screen = Self.allCases.first(where: { "\($0)" == name.lowercased() || "\($0.key)" == name })
    else {
      return nil
    }
    self = screen
  }
}
