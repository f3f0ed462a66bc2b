// The shapes that pictures are made of: one set for terminals that show Unicode, one for those that show
// ASCII only.
import Glibc
internal import Inspector

/// A set of glyphs, each a single column wide.
public struct Glyphs: Sendable, Equatable {
  public let isASCII: Bool
  /// Bars that grow to the right, from the thinnest to a full cell.
  let eighths: [Unicode.Scalar]
  /// Bars that grow upwards, from the lowest to a full cell.
  let levels: [Unicode.Scalar]
  /// The empty part of a bar.
  let track: Unicode.Scalar
  /// A zero in a graph. A time without a value is blank instead.
  let ground: Unicode.Scalar
  /// The mark on a bar for the largest value since the last frame.
  let peak: Unicode.Scalar
  let rule: Unicode.Scalar
  let ellipsis: Unicode.Scalar
  /// Marks that something is there: a full `runnext`, a badge.
  let dot: Unicode.Scalar
  /// Marks that the scheduler is held.
  let held: Unicode.Scalar
  let up: Unicode.Scalar
  let down: Unicode.Scalar
  /// The sign between a total and its parts when the parts do not add up to the total at this moment.
  let about: Unicode.Scalar
  /// The frame of an overlay: corners clockwise from the top left, then the two sides.
  let corners: [Unicode.Scalar]
  let side: Unicode.Scalar
  /// Where the line between two cells of a queue meets the box's border: at the upper border, and at the lower one.
  let joints: [Unicode.Scalar]
  /// The end of a way that leads nowhere: a G that is gone.
  let gone: Unicode.Scalar
  let separator: Unicode.Scalar
  /// A time of which nothing is known, between two of which all is.
  let gap: Unicode.Scalar
  /// `pointer` marks the selected row; `branch` is a twig of a tree.
  let pointer: Unicode.Scalar
  let branch: Unicode.Scalar

  public static let unicode = Glyphs(
    isASCII: false, eighths: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"], track: "·", ground: "·", peak: "│", rule: "─",
    ellipsis: "…", dot: "●", held: "■",
    up: "↑", down: "↓", about: "≈", corners: ["╭", "╮", "╯", "╰"], side: "│", joints: ["┬", "┴"], gone: "×",
    separator: "·", gap: "╱",
    pointer: "▸", branch: "└")

  public static let ascii = Glyphs(
    isASCII: true, eighths: ["-", "="], levels: [".", ":", "-", "=", "+", "*", "#", "@"], track: ".",
    ground: "_", peak: "|",
    rule: "-", ellipsis: "~", dot: "*", held: "#", up: "^", down: "v", about: "~",
    corners: ["+", "+", "+", "+"],
    side: "|", joints: ["+", "+"], gone: "x", separator: "-", gap: "/", pointer: ">", branch: "`")

  /// The set for this process's locale, for text that goes to a pipe or a file.
  public static var forThisProcess: Glyphs {
    var environment: [String: String] = [:]
    for name in localeNames { environment[name] = unsafe getenv(name).map { unsafe String(cString: $0) } }
    return forEnvironment(environment)
  }

  /// The variables that name the locale, in order of precedence.
  private static let localeNames = ["LC_ALL", "LC_CTYPE", "LANG"]

  /// The set for the locale that an environment names.
  public static func forEnvironment(_ environment: [String: String]) -> Glyphs {
    let locale = localeNames.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    let encoding = locale.lowercased().filter { $0.isLetter || $0.isNumber }
    return encoding.includes("utf8") ? .unicode : .ascii
  }
}
