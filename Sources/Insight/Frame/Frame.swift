// A frame: a snapshot, together with what can be measured only over time, such as rates and the last minute.
// Views draw frames.
import History
import Observed

/// The facts that a screen shows of one moment.
public struct Frame: Sendable, Equatable {
  /// The gauges at the moment.
  @CopyOnWrite public var snapshot: Snapshot
  /// The number of Gs started per second. All rates here are over the time since the previous frame, but at
  /// least over the last second. nil: the source does not count this, or no time has passed, as in the first frame.
  public var switchesPerSecond: Double?
  /// The number of steals per second; nil: the source does not count them.
  public var stealsPerSecond: Double?
  /// The number of Gs created per second; nil: the source does not count them.
  public var spawnsPerSecond: Double?
  /// The number of polls per second that found a ready descriptor; nil: the source does not count them.
  public var wakeupsPerSecond: Double?
  /// The number of events written per second; nil: the source does not count them.
  public var eventsPerSecond: Double?
  /// How many Gs waited for a mutex at a time, as a mean: seconds of waiting per second. A wait counts when it ends, so
  /// this may jump. nil: the source does not count this.
  public var mutexWaiters: Double?
  /// The use of each P over the same time as the rates, in the order of `snapshot.ps`. The scheduler measures
  /// this; it is not sampled. Empty in the first frame. An element is nil if the target does not tell it, or
  /// if the P is new.
  public var use: [PUse?] = []
  /// The last 60 seconds, one point a second, oldest first; fewer points shortly after the start.
  public var minute: [Point] = []
  /// How the target ended; nil: it has not.
  public var ended: String?
  /// The reason why it is not known at the moment whether the target lives: the operating system could not be
  /// asked. nil: it is known.
  public var doubt: String?
  /// The instruments (Instruments.swift) that are derived from the events before this moment; nil: no events
  /// were read.
  @CopyOnWrite public var instruments: Instruments? = nil
  /// The moment of history that the frame shows; nil: the frame is of now.
  public var past: Past?
  /// Whether stacks of Gs can be asked for.
  public var hasStacks = false
  /// The details that a viewer asked for besides the gauges.
  @CopyOnWrite public var detail = Detail()
  /// The loads that this viewer puts on the target at present; nil: the target takes no loads.
  public var loads: Loads?
  /// The recording that the viewer writes while it shows this frame; nil: it writes none.
  public var recording: Recording?
  /// How many events were read so far for the next frame, while that is being made; nil: none is being made.
  public var looking: Int?

  /// How far the source was read, in a few words, while it is being read; nil: what is shown is all.
  public var reading: String?

  /// The last gap before the moment, a stretch of which nothing is known; nil: none is known.
  public var gap: HistoryGap?
  /// How long nobody watched since the frame that was printed before, in nanoseconds: the gaps in between; nil: there is no
  /// gap. Only frames that are printed one after the other have it.
  public var unwatched: UInt64?
  /// The other machine on which the target runs, as the user named it; nil: it runs here, or nobody said where.
  public var host: String?

  /// The look at memory from which gauges were filled in that a trace does not tell; nil: there are none such.
  public var look: Look?
  /// What is to be said once, such as that a trace has come; nil: nothing.
  public var announcement: Announcement?

  /// A look at a program's memory before a moment of its trace.
  public struct Look: Sendable, Equatable {
    /// How much older than the moment the look is, in nanoseconds.
    public var age: UInt64
    /// The facts that only looks at memory tell; nil: the source tells none.
    public var sampled: Snapshot.Sampled?
    /// Makes a look from its parts.
    public init(age: UInt64, sampled: Snapshot.Sampled?) { (self.age, self.sampled) = (age, sampled) }
  }

  /// A line for people that is shown once.
  public struct Announcement: Sendable, Equatable {
    /// Its number: one with another number is another one, though its words may be the same.
    public var number: Int
    /// The line.
    public var words: String
    /// Makes an announcement from its parts.
    public init(number: Int, words: String) { (self.number, self.words) = (number, words) }
  }

  /// A recording that is being written.
  public struct Recording: Sendable, Equatable {
    /// The path of the recording's file.
    public var path: String
    /// How many records were written.
    public var records = 0
    /// How many bytes were written.
    public var bytes = 0
    /// The error of the recording, in one line; after it nothing more is written. nil: there was none.
    public var problem: String?
    /// A recording of which nothing was written yet.
    public init(path: String) { self.path = path }
  }

  /// One second of the last minute.
  public typealias Point = Trend.Point

  /// What happened lately and is worth a line; nil: nothing is, or nothing is known.
  public var news: News? { instruments?.news }

  /// The finding to show now, for a target without events, of which there are no news. Findings are shown one after the
  /// other, three seconds each. nil: there are no findings, or there are events.
  public var finding: (text: String, place: Int, count: Int)? {
    guard snapshot.sampled != nil, let findings = instruments?.findings, !findings.isEmpty else { return nil }
    let place = Int(snapshot.time / 3_000_000_000 % UInt64(findings.count))
    return (findings[place].message, place, findings.count)
  }

  /// Makes a frame of a snapshot alone.
  public init(snapshot: Snapshot) {
    self.snapshot = snapshot
    setRates(from: Totals(snapshot), to: Totals(snapshot))
  }

  /// The use of the P in row `index` of `snapshot.ps`; nil: not known.
  public func use(ofRow index: Int) -> PUse? { use.indices.contains(index) ? use[index] : nil }
}
