// A frame: a snapshot, together with what only time can tell, such as rates and the last minute. Views draw
// frames.
import History
import Observed

/// What a screen shows at one moment.
public struct Frame: Sendable, Equatable {
  /// The gauges at the moment.
  public var snapshot: Snapshot
  /// Starts of Gs a second. All rates here are over the time since the previous frame, but at least over the
  /// last second. They are 0 in the first frame. nil: the source does not count this.
  public var switchesPerSecond: Double?
  /// Steals a second.
  public var stealsPerSecond: Double?
  /// Gs created a second.
  public var spawnsPerSecond: Double?
  /// Polls a second that found a descriptor ready.
  public var wakeupsPerSecond: Double?
  /// Events written a second.
  public var eventsPerSecond: Double?
  /// What each P did over the same time as the rates, in the order of `snapshot.ps`. The scheduler measures
  /// this; it is not sampled. Empty in the first frame. An element is nil if the target does not tell it, or
  /// if the P is new.
  public var use: [PUse?] = []
  /// The last 60 seconds, one point a second, oldest first; fewer points shortly after the start.
  public var minute: [Point] = []
  /// How the target ended; nil: it has not.
  public var ended: String?
  /// Why it is not known at the moment whether the target lives: the operating system could not be asked.
  /// nil: it is known.
  public var doubt: String?
  /// What is derived from the events before this moment; nil: no events were taken in.
  public var instruments: Instruments?
  /// The moment of history that the frame shows; nil: the frame is of now.
  public var past: Past?
  /// What a viewer asked for besides the gauges.
  public var detail = Detail()
  /// The recording that the viewer writes while it shows this frame; nil: it writes none.
  public var recording: Recording?
  /// How many events were read so far for the next frame, while that is being made; nil: none is being made.
  public var looking: Int?

  /// A recording that is being written.
  public struct Recording: Sendable, Equatable {
    /// The path of the recording's file.
    public var path: String
    /// How many records were written.
    public var records = 0
    /// How many bytes were written.
    public var bytes = 0
    /// What went wrong, in one line. Then nothing more is written. nil: nothing went wrong.
    public var problem: String?
    /// A recording of which nothing was written yet.
    public init(path: String) { self.path = path }
  }

  /// One second of the last minute.
  public typealias Point = Trend.Point

  /// Makes a frame of a snapshot alone.
  public init(snapshot: Snapshot) {
    self.snapshot = snapshot
    setRates(from: Totals(snapshot), to: Totals(snapshot))
  }

  /// What the P in row `index` of `snapshot.ps` did; nil: not known.
  public func use(ofRow index: Int) -> PUse? { use.indices.contains(index) ? use[index] : nil }
}
