// A terminal in memory with its own clock. Tests and scripted tours run the app on it.

/// Plays a script of inputs and keeps every picture that it was shown.
///
/// The clock moves only while the app waits. So a run takes no real time, and every run is the same.
public struct MemoryTerminal: Terminal {
  /// Inputs that arrive at a moment of the terminal's clock.
  public struct Arrival: Sendable {
    var time: UInt64
    var inputs: [Input]
    public init(atMilliseconds time: UInt64, _ inputs: Input...) {
      (self.time, self.inputs) = (time * 1_000_000, inputs)
    }
  }

  public let size: Size
  public let glyphs: Glyphs
  public private(set) var now: UInt64 = 0
  /// Every picture, with the time at which it was shown.
  public private(set) var pictures: [(time: UInt64, canvas: Canvas)] = []
  public private(set) var repaints = 0
  public private(set) var stops = 0
  public private(set) var themes: [ThemeName] = []
  public private(set) var copies: [String] = []
  private var script: [Arrival]

  /// - Parameter script: in order of time. After the last arrival the terminal hangs up, so that every run
  ///   ends.
  public init(size: Size, glyphs: Glyphs = .unicode, script: [Arrival]) {
    (self.size, self.glyphs, self.script) = (size, glyphs, script)
  }

  public mutating func present(_ canvas: Canvas) { pictures.append((now, canvas)) }
  public mutating func redrawAll() { repaints += 1 }
  public mutating func stop() { stops += 1 }
  public mutating func use(_ theme: ThemeName) { themes.append(theme) }
  public mutating func copy(_ text: String) { copies.append(text) }

  public mutating func wait(nanoseconds: UInt64) -> [Input] {
    guard let next = script.first else { return nanoseconds == 0 ? [] : [.hangUp] }
    guard next.time <= now + nanoseconds else {
      now += nanoseconds
      return []
    }
    now = max(now, next.time)
    script.removeFirst()
    return next.inputs
  }
}
