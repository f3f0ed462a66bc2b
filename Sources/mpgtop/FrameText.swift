// Frames as text for pipes: plain, JSON, comma-separated, or in the form of Go's schedtrace.
import Inspector
import Region
import TUI

struct FrameText {
  let options: FrameOptions

  /// One frame, including its line breaks.
  func text(of frame: Frame, isFirst: Bool) -> String {
    if options.json { return frame.json + "\n" }
    if options.csv { return (isFirst ? Frame.csvHead + "\n" : "") + frame.csv + "\n" }
    let gap = frame.unwatchedWords.map { $0 + "\n" } ?? ""
    if options.schedtrace { return gap + frame.snapshot.schedtrace + "\n" }
    let width = StandardOutput.width
    var lines = Overview.plainText(frame, width: width, glyphs: glyphs)
    if let report = PastReport(frame) { lines += [""] + report.lines(width: max(width, 80), glyphs: glyphs) }
    return (isFirst ? "" : "\n") + gap + lines.joined(separator: "\n") + "\n"
  }

  private var glyphs: Glyphs {
    if options.ascii { return .ascii }
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    let locale = names.compactMap { name in environment(name).map { (name, $0) } }
    return .forEnvironment(Dictionary(uniqueKeysWithValues: locale))
  }
}
