// A frame: a snapshot beside what only time can tell, rates and the last minute. This is what a view draws.
import History
import Observed

/// What a screen shows at one moment.
public struct Frame: Sendable, Equatable {
  public var snapshot: Snapshot
  /// Rates over the time since the previous frame, or over the last second where frames come faster; 0 in the first.
  public var switchesPerSecond: Double = 0
  public var stealsPerSecond: Double = 0
  public var spawnsPerSecond: Double = 0
  public var wakeupsPerSecond: Double = 0
  public var eventsPerSecond: Double = 0
  /// What the time of each P went to, over the same time as the rates; in the order of `snapshot.ps`. Measured by the
  /// scheduler, not sampled. Empty in the first frame; nil where the target does not say, or the P is new.
  public var use: [PUse?] = []
  /// The last 60 seconds, one point a second, oldest first; short after the start.
  public var minute: [Point] = []
  /// How the target ended, if it did.
  public var ended: String?
  /// Why it cannot be told at the moment whether the target lives: the system could not be asked. nil: it can be told.
  public var doubt: String?
  /// What is derived from the events before this moment; nil: none were taken in.
  public var instruments: Instruments?
  /// What belongs to a moment of history; nil: the frame is of now.
  public var past: Past?
  /// What a viewer asked for besides.
  public var detail = Detail()
  /// The recording that the viewer writes meanwhile; nil: none.
  public var recording: Recording?
  /// Events that were gone through so far for a frame that is being made, and is to take the place of this one; nil: none is.
  public var looking: Int?

  /// A recording that is being written.
  public struct Recording: Sendable, Equatable {
    public var path: String
    public var records = 0
    public var bytes = 0
    /// What went wrong with it, in one line: nothing more is written.
    public var problem: String?
    public init(path: String) { self.path = path }
  }

  /// One second of the last minute.
  public typealias Point = Trend.Point

  public init(snapshot: Snapshot) { self.snapshot = snapshot }

  /// What the time of the P in row `index` of `snapshot.ps` went to, where it is known.
  public func use(ofRow index: Int) -> PUse? { use.indices.contains(index) ? use[index] : nil }
}
