// Batch output: frames as text or JSON on standard output, for pipes, logs and tests.
internal import Glibc
import Inspector
import TUI

/// Prints frames of one target.
struct Batch {
  let options: Options
  let output: StandardOutput

  /// Prints the first frame at once and the others at their times. Throws `gone` when the target ends meanwhile,
  /// after a last frame that says so.
  func run(_ inspector: Inspector) throws(Failure) {
    var sampler = Sampler(inspector)
    let interval = UInt64((options.delay ?? 1) * 1e9)
    var due = monotonicNow()
    var printed = 0
    while printed < options.frames ?? .max {
      try wait(until: due, &sampler)
      let frame = try failing { () throws(InspectorError) in try sampler.frame() }
      try output.write(text(of: frame, isFirst: printed == 0))
      printed += 1
      if let ending = sampler.ending {
        throw Failure(.gone(pid: inspector.target.process.pid, ending))
      }
      due = max(due + interval, monotonicNow())  // after a stop (Ctrl-Z) it goes on from now
    }
  }

  /// Keeps looking until `due`, or until the target ends.
  private func wait(until due: UInt64, _ sampler: inout Sampler) throws(Failure) {
    while monotonicNow() < due, sampler.ending == nil {
      let pause = try failing { () throws(InspectorError) in try sampler.step() }
      let now = monotonicNow()
      guard now < due else { return }
      usleep(UInt32(clamping: min(pause, due - now) / 1000))
    }
  }

  private func text(of frame: Frame, isFirst: Bool) -> String {
    if options.json { return frame.json + "\n" }
    let lines = Overview.plainText(frame, width: StandardOutput.width, glyphs: glyphs)
    return (isFirst ? "" : "\n") + lines.joined(separator: "\n") + "\n"
  }

  private var glyphs: Glyphs {
    if options.ascii { return .ascii }
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    let locale = names.compactMap { name in environment(name).map { (name, $0) } }
    return .forEnvironment(Dictionary(uniqueKeysWithValues: locale))
  }
}
