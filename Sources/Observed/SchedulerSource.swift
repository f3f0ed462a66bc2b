// The seam between sources and everything above them: the one interface by which a source tells what it knows of a
// scheduler. A source is a live region, a dead one, a recording…; above it are history, screens and exports.
//
// §1 The problem. A live region knows everything at every moment. The region of a process that runs without tracing
// knows no events. A dead process's region stands still. A recording has events, and gauges four times a second.
// Sources that come later will know less, or other things: samples of a Go process, events of a Go trace. Screens,
// exports and explanations must work with all of them, and must never show a number that the source did not tell.
//
// §2 The design. Above all a source is asked for five things: who is observed, what the source can tell, one
// observation of all gauges, the events since the last time, and how the observed process ended. Everything above the
// seam takes those values and nothing else. No code above the seam asks which kind of source it has. Code that needs a
// fact asks whether the fact is there: a fact that the source does not know is nil from here to the cell of the screen.
//
// §3 Order of calls. History stays exact because of one rule. An observation says for each lane (the ring of one P or M)
// how many records its gauges have counted (`LaneMark`), and each call for events begins where the last call ended. So a
// source may be read at any pace. A source without events has no records for its marks to count, and each of its
// observations stands by itself.
//
// §4 A new source is one type that conforms to `SchedulerSource`, in a file of its own, and one line in `SourceKinds`
// (module Inspector), which says which words on the command line mean this source.
import Host
import Region

/// A source: it tells what it knows of one scheduler. Not thread-safe: use a source, and all that is made from it, from
/// one thread at a time.
package protocol SchedulerSource: AnyObject {
  /// The identity of the observed process.
  var identity: Snapshot.Target { get }

  /// The kinds of facts that the source can tell, as far as that is known now.
  var knowledge: Knowledge { get }

  /// Our name for each of the 256 raw wait reasons that its events may use; nil: a reason that this build does not
  /// know.
  var reasons: [WaitReason?] { get }

  /// The places below /proc that tell of the threads of the observed process; nil: the process is dead, or
  /// cannot be seen from here.
  var threads: ThreadPlaces? { get }

  /// What the operating system tells of the observed process, if the source has it from elsewhere than `threads`; nil: ask by
  /// `threads`.
  var system: SystemFacts? { get }

  /// What is known of the sockets of the observed process, if the source has it from elsewhere than `threads`; nil: ask
  /// by `threads`.
  var sockets: SocketFacts? { get }

  /// Reads all gauges once, and writes what is known into `observation`, which the caller keeps.
  ///
  /// - Parameter start: the moment, in monotonic nanoseconds, from which on the largest depths of queues count; nil: a
  ///   second ago. The reader names the moment so that two readers of one source do not take each other's peaks away.
  func observe(peaksSince start: UInt64?, into observation: inout Observation) throws(InspectorError)

  /// Hands over the events since the last call, lane by lane; within a lane the oldest comes first. `take` copies each
  /// batch to where the reader wants it.
  ///
  /// - Parameter moment: the latest moment, in monotonic nanoseconds, of which events are taken; nil: all are taken. A
  ///   live source keeps later events for the next call, so that no lane is read up to a later moment than the others.
  /// - Returns: how full the fullest buffer of the source had become, as a share of its size. From 1 on events are lost,
  ///   so the reader should come back sooner. A source that loses no events returns 0.
  func takeEvents(
    upTo moment: UInt64?, _ take: (Lane, EventReading) -> Void
  ) throws(InspectorError) -> Double

  /// Reads the table of Gs, at most `GoroutineList.most` rows.
  ///
  /// - Parameters:
  ///   - breathe: called between two parts of a long table, so that the caller can drain events meanwhile.
  ///   - isCalledAway: asked between two parts, too; if it returns true, the rest of the table is not read.
  /// - Returns: the rows; nil if the caller was called away; empty if the source lists no Gs.
  func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]?

  /// Reads stacks, at about this moment; nil: the source knows no stacks. A hundred thousand of them may take a tenth of a
  /// second, so ask for few, or seldom.
  func stacks(of gs: StackQuestion) throws(InspectorError) -> Stacks?

  /// All names that are known now: reading the table of Gs may have added some. nil: they are those of the last
  /// observation.
  var grownNames: StringBook? { get }

  /// How the observed process ended; nil while it lives. Also nil if that cannot be found out; then `doubt` says why.
  func ending() throws(InspectorError) -> TargetEnding?

  /// How the process ended, according to the word that the process itself left in its region. Reading that word costs
  /// next to nothing. nil: there is no such word, because the process lives or was killed.
  func lastWord() throws(InspectorError) -> TargetEnding?

  /// The reason why the last call of `ending` could not tell whether the process lives; nil: it could tell.
  var doubt: InspectorError? { get }

  /// The moment now, in nanoseconds, on the clock of all moments that the source tells: mostly the machine's monotonic clock.
  /// A source on another machine tells that machine's moments.
  var now: UInt64 { get }

  /// The moment, in nanoseconds, up to which the last call of `takeEvents` has handed over the events of all lanes; nil: the
  /// moment that the caller named.
  var eventsKnownUpTo: UInt64? { get }

  /// When the rows that `goroutines` returned last were read, in nanoseconds; nil: during that call.
  var tableReadAt: UInt64? { get }

  /// The files from which the source reads, so that nothing is written to them. An element is nil if its file cannot be
  /// identified.
  var inputs: [FileIdentity?] { get }

  /// The largest depths of the queues since `start`, in monotonic nanoseconds; nil: the source does not keep them.
  func peaks(since start: UInt64) throws(InspectorError) -> QueuePeaks?

  /// The source to go on with after the observed process has ended: the youngest live process of the same name; nil:
  /// there is none.
  func successor() throws(InspectorError) -> (any SchedulerSource)?

  /// Connects to the scheduler, to hold, step or slow it; when the connection ends, the scheduler runs freely again.
  func control() throws(ControlError) -> any SchedulerControl
}

extension SchedulerSource {
  package var system: SystemFacts? { nil }
  package var sockets: SocketFacts? { nil }
  package var now: UInt64 { monotonicNow() }
  package var eventsKnownUpTo: UInt64? { nil }
  package var tableReadAt: UInt64? { nil }
  package var inputs: [FileIdentity?] { [] }
  package func peaks(since start: UInt64) throws(InspectorError) -> QueuePeaks? { nil }
  package func successor() throws(InspectorError) -> (any SchedulerSource)? { nil }
  package func control() throws(ControlError) -> any SchedulerControl {
    throw .notControlled(pid: identity.pid)
  }
  package func stacks(of gs: StackQuestion) throws(InspectorError) -> Stacks? { nil }
  package var grownNames: StringBook? { nil }

  /// Reads all gauges once, into an observation of their own.
  package func observe(peaksSince start: UInt64? = nil) throws(InspectorError) -> Observation {
    var observation = Observation()
    try observe(peaksSince: start, into: &observation)
    return observation
  }

  /// Reads the table of Gs without a break.
  package func goroutines() throws(InspectorError) -> [GoroutineRow] {
    try goroutines(breathe: {}, isCalledAway: { false }) ?? []
  }
}

/// The kinds of facts that a source can tell. A fact that the source cannot tell is nil in its observations;
/// this says so beforehand, and why.
public struct Knowledge: Sendable, Equatable {
  /// How the gauges are obtained.
  public enum Gauges: Sendable {
    /// The gauges are the scheduler's own words of memory, read at one instant.
    case exact
    /// The gauges were read now and then, so something short may have been missed.
    case sampled
    /// The gauges are computed from events, so they are known only after the events have come.
    case late
  }

  /// How the gauges are obtained.
  public var gauges: Gauges
  /// The reason why there are no events, in one line for people; nil: there are events.
  public var absenceOfEvents: String?
  /// Whether the source lists single Gs.
  public var listsGs: Bool
  /// Whether the source knows the stacks of Gs.
  public var hasStacks: Bool
  /// The facts that this source cannot know however it looks, and what would tell them, in one or two sentences for
  /// people; nil: nothing to add.
  public var beyond: String?

  /// Says what a source can tell; by default, all that a live region with events tells.
  public init(
    gauges: Gauges = .exact, absenceOfEvents: String? = nil, listsGs: Bool = true, hasStacks: Bool = false,
    beyond: String? = nil
  ) {
    (self.gauges, self.absenceOfEvents) = (gauges, absenceOfEvents)
    (self.listsGs, self.hasStacks, self.beyond) = (listsGs, hasStacks, beyond)
  }

  /// Whether there are events.
  public var hasEvents: Bool { absenceOfEvents == nil }

  /// The reason why a region has no events if its process does not write any.
  public static let untraced = "no events: tracing is off in the target (MPG_TRACE=0)"
}
