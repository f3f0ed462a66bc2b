// The seam: how a scheduler is told of, whatever it is and wherever it runs.
//
// §1 The problem. A live region knows everything at every moment. The region of a process that runs without tracing knows no
// events. A dead process's region stands still. A recording has events, and gauges four times a second. Sources that come
// later will know less, or other things: samples of a Go process, events of a Go trace. Screens, exports and explanations
// must work with all of them, and must never show a number that the source did not tell.
//
// §2 The design. A source is asked for five things: who is observed, what the source can tell, one observation of all gauges,
// the events since the last time, and how the observed process ended. Everything above the seam takes those values and nothing
// else. Nobody above it asks which kind of source it is. Code that needs a fact asks whether the fact is there: a fact that the
// source does not know is nil from here to the cell of the screen.
//
// §3 Order of calls. History stays exact because of one rule: an observation names, lane by lane, how far its gauges have
// counted (`LaneMark`), and the events that come afterwards begin where the last ones ended. So a source may be read at any
// pace. A source without events has no marks, and then each observation stands by itself.
//
// §4 A new source is one type that conforms to `SchedulerSource`, in a file of its own, and one line in `SourceKinds` (module
// Inspector), which says by which words on the command line it is meant.
import Host
import Region

/// Tells of one scheduler. For one thread at a time, like everything that is made of it.
package protocol SchedulerSource: AnyObject {
  /// Who is observed.
  var identity: Snapshot.Target { get }

  /// What the source can tell, as far as is known now.
  var knowledge: Knowledge { get }

  /// Our name for each raw wait reason that its events use, by raw value; 256 of them.
  var reasons: [WaitReason?] { get }

  /// Where the system tells of the threads of the observed process; nil: the process is not seen from here, or dead.
  var threads: ThreadPlaces? { get }

  /// Looks at all gauges once, and writes what there is into `observation`, which the caller keeps.
  ///
  /// - Parameter start: from when on the largest depths of queues count, in monotonic nanoseconds; nil: a second ago. The
  ///   reader names the moment, because two readers of one source must not take each other's peaks away.
  func observe(peaksSince start: UInt64?, into observation: inout Observation) throws(InspectorError)

  /// Hands the events since the last call, lane by lane, oldest first in each lane. `take` copies each batch to where the
  /// reader wants it.
  ///
  /// - Returns: how full the fullest buffer of the source had become; from 1 on events are lost, so the reader should come back
  ///   sooner. 0 for a source that loses none.
  func takeEvents(_ take: (Lane, EventReading) -> Void) throws(InspectorError) -> Double

  /// The table of Gs, `GoroutineList.most` rows at most.
  ///
  /// - Parameters:
  ///   - breathe: called between two parts of a long table, so that events are not left alone for as long as all of it takes.
  ///   - isCalledAway: asked there, too; true: the rest is not read.
  /// - Returns: nil when it was called away. Empty for a source that lists no Gs.
  func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]?

  /// How the observed process ended; nil while it lives, and while that cannot be told: then `doubt` says why.
  func ending() throws(InspectorError) -> TargetEnding?

  /// The same by the process's own word alone, which costs next to nothing. A process that was killed has left none.
  func lastWord() throws(InspectorError) -> TargetEnding?

  /// Why the last call of `ending` could not tell whether the process lives; nil: it could.
  var doubt: InspectorError? { get }

  /// The files that the source is read from. Nothing may be written to them; nil: a file that cannot be identified.
  var inputs: [FileIdentity?] { get }

  /// The largest depths of the queues since `start`, in monotonic nanoseconds; nil: the source does not keep them.
  func peaks(since start: UInt64) throws(InspectorError) -> QueuePeaks?

  /// What to go on with when the observed process has ended: the youngest live process of the same name; nil: there is none.
  func successor() throws(InspectorError) -> (any SchedulerSource)?
}

extension SchedulerSource {
  package var inputs: [FileIdentity?] { [] }
  package func peaks(since start: UInt64) throws(InspectorError) -> QueuePeaks? { nil }
  package func successor() throws(InspectorError) -> (any SchedulerSource)? { nil }

  /// One observation by itself.
  package func observe(peaksSince start: UInt64? = nil) throws(InspectorError) -> Observation {
    var observation = Observation()
    try observe(peaksSince: start, into: &observation)
    return observation
  }

  /// The table of Gs, read without a break.
  package func goroutines() throws(InspectorError) -> [GoroutineRow] {
    try goroutines(breathe: {}, isCalledAway: { false }) ?? []
  }
}

/// What a source can tell. A fact that it cannot tell is nil in what it observes; this says so beforehand, and why.
public struct Knowledge: Sendable, Equatable {
  /// How the gauges come about.
  public enum Gauges: Sendable {
    /// They are the scheduler's own words, read at one instant.
    case exact
    /// They were looked at now and then, so that what was short may have been missed.
    case sampled
    /// They follow from events, and are known when those have come.
    case late
  }

  public var gauges: Gauges
  /// Why there are no events, in one line for people; nil: there are events.
  public var absenceOfEvents: String?
  /// Whether the source lists single Gs, and whether it knows their stacks.
  public var listsGs: Bool
  public var hasStacks: Bool

  public init(
    gauges: Gauges = .exact, absenceOfEvents: String? = nil, listsGs: Bool = true, hasStacks: Bool = false
  ) {
    (self.gauges, self.absenceOfEvents) = (gauges, absenceOfEvents)
    (self.listsGs, self.hasStacks) = (listsGs, hasStacks)
  }

  public var hasEvents: Bool { absenceOfEvents == nil }

  /// Of a region whose process writes no events.
  public static let untraced = "no events: tracing is off in the target (MPG_TRACE=0)"
}
