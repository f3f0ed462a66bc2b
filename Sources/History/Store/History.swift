// History: what a target's scheduler did, as far back as memory allows, and exact at any moment of it.
//
// §1 The problem. A million events a second come in and must stay for half a minute and more. The view of any moment of
// that time must be rebuilt at once, and be right: it must show the same numbers that the live gauges showed then.
//
// §2 The design. History is a row of *segments*, a quarter of a second each: a keyframe (all gauges, read from the
// region), and the records of each lane since then, compressed in blocks. The model at a moment is the nearest keyframe
// before it plus the events in between. When there is no more room, the oldest segment is dropped; its gauges stay, as
// one coarse point. A recording has the same segments in a file. A black box has segments that are made from the rings
// that a process left behind. Code that uses a history does not know which of the three it has.
//
// §3 Where a segment begins. Gauges and rings are read while the writers go on at full speed: nothing stops them at
// "one moment". So a segment does not begin at a moment but at a *boundary* in each lane: the position up to which the
// lane's counters had counted when they were read (Lanes §5). Gauges that are sums over lanes read at slightly
// different times become exact as soon as every lane's events after its own boundary are added. `start` is the time of
// the latest record before any boundary. From `start` on, the model of this segment is exact at any moment. Before it,
// the model of the previous segment is; so the records of this segment that are not later than `start` also belong to
// the end of the previous one.
//
// §4 A writer counts a move, and then writes its record. A reader that comes in between sees a count that is one ahead
// of the ring. The counters themselves show this (Lanes §5). The boundary is where they have counted to, even if that
// is behind a record that is still to come; then the segment begins when that record has been drained. The system may
// hold the writer's thread up between the two for any time. The reader waits for the record for a while, but not
// forever. A keyframe that was made without the record, or from lanes that did not hold still, says that it is not
// consistent.
//
// §5 What a gap costs. Lost records are missing between two blocks of a lane, or between the last block and the
// boundary of the next keyframe. Positions tell how many are missing, but not when they were written. From the last
// record before the gap to the next keyframe single counts may be off, and the model says that it is not consistent. At
// the next keyframe this ends, because its gauges come from the region, which does not lose anything.
import Host
import Observed
import Region

/// How much history is kept. The oldest part is dropped when either limit is exceeded.
public struct HistoryLimits: Sendable, Equatable {
  /// How much memory the history may make the process use, in bytes. A fifth of it is for the allocator and
  /// for looking back.
  public var bytes: Int
  /// How far the history reaches back at most, in nanoseconds.
  public var duration: UInt64
  /// Makes limits, by default of 250 MB and ten minutes.
  public init(bytes: Int = 250_000_000, duration: UInt64 = 600_000_000_000) {
    (self.bytes, self.duration) = (bytes, duration)
  }
}

/// The history of one target. Not thread-safe; use `copy` to look back on another thread.
public final class History {
  /// How much history is kept.
  public let limits: HistoryLimits
  /// Segments, oldest first. The first one has the number `firstNumber`; numbers are never used again.
  package private(set) var segments: [Segment] = []
  package private(set) var firstNumber = 0
  /// Some gauges of each second, which stay when the segments are dropped.
  package private(set) var coarse = CoarseHistory()
  /// Names by id.
  package var names = StringBook()
  /// Stacks that records name by number; empty: the source tells none with its events.
  package var stacks = StackBook()
  /// What the garbage collector took, in the order of the ends; nil: the source does not tell.
  package var collectorRanges: [CollectorRange]?
  /// The sizes of the heap, in the order of time; empty: the source tells none, or not in this way.
  package var heapSizes: [HeapSize] = []
  /// The course of all that is known; empty: the source tells none.
  package var course = HistoryCourse()
  /// Our name for each of the target's wait reasons.
  package var reasons: [WaitReason?]
  /// The follower, which is handed all records and keyframes as soon as they are added to the history; nil:
  /// there is none.
  package var follower: (any HistoryFollower)?
  /// The moment, in nanoseconds, up to which the records of all lanes are known; 0: no records are being
  /// added, as in a recording.
  package private(set) var settled: UInt64 = 0
  /// Whether there is nothing yet that can be looked at.
  public var isEmpty: Bool { numbers.isEmpty }
  /// Whether records are still being added to the history, so that its end is not final.
  public var isGrowing: Bool { settled != 0 }
  private var lanes: [Lane: LaneRecorder] = [:]
  /// The last keyframe, while some of its boundaries are not reached yet. It belongs to the last segment;
  /// records before its boundaries still belong to the segment before.
  private var pending: Keyframe?
  private let encoder = RecordEncoder()
  private var memory = 0
  /// The number of records that were ever added.
  package private(set) var taken: UInt64 = 0
  /// The number of records that were added since the last keyframe.
  package private(set) var fresh = 0
  /// Writes each complete segment to a recording as well; nil: nothing is recorded.
  private var writer: RecordingWriter?
  /// The number of the segment that is written next.
  private var nextToWrite = 0
  /// The error of the recording; nil: there was none. After an error nothing more is written.
  public private(set) var recordingError: InspectorError?

  /// An empty history, which keeps as much as `limits` say.
  public init(_ limits: HistoryLimits = HistoryLimits()) {
    self.limits = limits
    reasons = WaitReason.all
  }

  /// The same history as it is now, so that another thread can look back on it while this one grows. The two share
  /// their content, which never changes. The copy is not recorded.
  public func copy() -> History {
    let copy = History(limits)
    (copy.segments, copy.firstNumber, copy.coarse, copy.names) = (segments, firstNumber, coarse, names)
    (copy.reasons, copy.stacks, copy.course) = (reasons, stacks, course)
    (copy.collectorRanges, copy.heapSizes) = (collectorRanges, heapSizes)
    (copy.settled, copy.lanes, copy.pending) = (settled, lanes, pending)
    (copy.memory, copy.taken, copy.fresh) = (memory, taken, fresh)
    return copy
  }

  /// After this many records since the last keyframe the next keyframe is due, so that no segment takes long to go
  /// through.
  package static let mostFresh = 500_000

  // MARK: what comes in

  /// Adds the new records of one lane.
  package func take(_ name: Lane, _ read: EventReading) {
    var lane = lanes.removeValue(forKey: name) ?? LaneRecorder(name, segment: latestNumber)
    let count = lane.take(read)
    if let position = lane.gap {
      seal(&lane, lane.records.count - count)
      lane.skip(to: position)
      follower?.lose(name)
    }
    measure(lane.records.suffix(count), name)
    fresh += count
    taken &+= UInt64(count)
    if lane.mark == nil, lane.records.count >= RecordEncoder.most {
      seal(&lane, lane.records.count / RecordEncoder.most * RecordEncoder.most)
    }
    lanes[name] = lane
  }

  /// A function of its own, so that the array of records has one owner when some records are removed from it;
  /// otherwise the whole array would be copied.
  private func measure(_ records: ArraySlice<Record>, _ lane: Lane) {
    follower?.take(records, on: lane)
  }

  /// The number of the segment to which new records belong; −1 before the first keyframe.
  private var latestNumber: Int { firstNumber + segments.count - 1 - (pending == nil ? 0 : 1) }

  private func seal(_ lane: inout LaneRecorder, _ count: Int) {
    for block in lane.seal(count, encoder) where segments.indices.contains(lane.segment - firstNumber) {
      segments[lane.segment - firstNumber].blocks.append(block)
      memory += block.payload.count + 96
    }
  }

  /// Whether a segment can begin with an observation: none of the records behind its marks is compressed yet. Of a source
  /// that observes now this always holds. One that tells what was observed a while ago may have handed over later events
  /// since.
  package func canMark(_ observation: Observation) -> Bool {
    observation.snapshot.time != segments.last?.time
      && observation.marks.allSatisfy { mark in lanes[mark.lane].map { $0.canBegin(at: mark) } ?? true }
  }

  /// Begins a new segment with what was just observed. The next drain and `settle` complete it. Does nothing while
  /// boundaries of the last keyframe are not reached.
  ///
  /// - Parameters:
  ///   - findings: what the lints found at this moment; nil: the lints were not asked.
  ///   - cpus: how much CPU time the threads got; nil: it was not asked for, or the system does not tell.
  /// - Returns: whether a segment was begun.
  @discardableResult
  package func mark(_ observation: Observation, _ findings: Findings? = nil, _ cpus: CPUPressure? = nil)
    -> Bool
  {
    guard pending == nil else { return false }
    names = observation.names
    if settled == 0 { settled = observation.snapshot.time }
    follower?.note(observation.clock, observation.snapshot)
    var keyframe = Keyframe()
    (keyframe.clock, keyframe.snapshot) = (observation.clock, observation.snapshot)
    (keyframe.findings, keyframe.cpus) = (findings, cpus)
    let number = latestNumber
    for mark in observation.marks {
      lanes[mark.lane, default: LaneRecorder(mark.lane, segment: number)].expect(mark)
    }
    pending = keyframe
    segments.append(Segment(start: .max, time: keyframe.snapshot.time, keyframe: .memory([])))
    fresh = 0
    return true
  }

  /// Adds the table of Gs, read after the last keyframe, to that keyframe's segment, unless it has one.
  package func attach(_ list: GoroutineList) {
    guard let last = segments.last, last.goroutines == nil else { return }
    let payload = Payload.memory(list.bytes)
    memory += payload.memory
    segments[segments.count - 1].goroutines = payload
  }

  /// Whether boundaries of the last keyframe are not reached yet.
  package var isPending: Bool { pending != nil }

  /// Call this after a drain of all lanes. Each lane that has reached its boundary goes on to the next segment.
  ///
  /// - Parameter time: the moment, in nanoseconds, up to which the drain took everything; 0: not known.
  package func settle(upTo time: UInt64 = 0) {
    if settled != 0 { settled = max(settled, time) }
    follower?.settle(upTo: time)
    guard pending != nil else { return }
    for name in Array(lanes.keys) where lanes[name]?.mark != nil {
      guard var lane = lanes.removeValue(forKey: name) else { continue }
      if let count = lane.boundary() {
        seal(&lane, count)
        lane.advance()
      }
      lanes[name] = lane
    }
    if !lanes.values.contains(where: { $0.mark != nil }) { complete() }
  }

  /// Completes the pending keyframe and the segment before it, because all boundaries are reached.
  private func complete() {
    guard var keyframe = pending else { return }
    pending = nil
    let index = segments.count - 1
    if keyframe.snapshot.trace.enabled { keyframe.snapshot.isConsistent = lanes.values.allSatisfy(\.isExact) }
    // The segment may begin later than it has to: the records before its `start` then belong to its beginning.
    let observed = keyframe.clock.ticks(at: keyframe.snapshot.time)
    keyframe.start = lanes.values.compactMap(\.boundaryTime).reduce(observed, max)
    keyframe.boundaries = lanes.values.map { LaneBoundary(lane: $0.lane, position: $0.boundaryPosition) }
      .sorted { $0.lane.order < $1.lane.order }
    if index > 0 { keyframe.start = max(keyframe.start, segments[index - 1].start) }
    segments[index].start = keyframe.start
    segments[index].keyframe = .memory(keyframe.bytes)
    memory += 160 + segments[index].keyframe.memory
    coarse.add(keyframe.snapshot)
    follower?.begin(keyframe, lanes.values.map { ($0.lane, $0.records) })
    guard index > 0 else { return }
    segments[index - 1].isComplete = true
    record(upTo: firstNumber + index)
    forget()
  }

  /// Compresses the records that wait, so that a look back reaches the very last record that was drained. Where the last
  /// keyframe is pending, it reaches the boundaries of that keyframe. All lanes must be flushed before a look: if the
  /// records of some were left out, a G would run that was never ready.
  public func flush() {
    for name in Array(lanes.keys) {
      guard var lane = lanes.removeValue(forKey: name) else { continue }
      seal(&lane, lane.sealable)
      lanes[name] = lane
    }
  }

  /// Drops the oldest segments until the others keep within the limits.
  private func forget() {
    let newest = segments.last?.time ?? 0
    var count = 0
    while count < segments.count - 2,
      memory > limits.bytes / 5 * 4 || newest.excess(over: segments[count].time) > limits.duration
    {
      memory -= segments[count].memory
      count += 1
    }
    segments.removeFirst(count)
    firstNumber += count
  }

  // MARK: recording

  /// Writes each segment to `writer` from now on, as soon as it is complete, beginning with the oldest that
  /// is kept.
  ///
  /// - Parameter fromNow: begins instead with the segment that is open now, which is a quarter of a second old at most.
  public func record(to writer: RecordingWriter, fromNow: Bool = false) {
    (self.writer, recordingError) = (writer, nil)
    nextToWrite = fromNow ? numbers.last ?? firstNumber : firstNumber
  }

  /// Writes to the recording what is not in it yet, up to the last moment of which everything is known.
  ///
  /// - Throws: the error of the recording.
  public func finishRecording() throws(InspectorError) {
    flush()
    record(upTo: numbers.upperBound)
    writer = nil
    if let recordingError { throw recordingError }
  }

  private func record(upTo number: Int) {
    guard let writer, recordingError == nil else { return }
    do throws(InspectorError) {
      while nextToWrite < number {
        if let segment = segment(nextToWrite) { try writer.write(segment, of: self) }
        nextToWrite += 1
      }
    } catch {
      recordingError = error
    }
  }

  // MARK: looking back

  /// Adds a segment that was read from a file or made from a black box.
  package func append(_ segment: Segment) {
    memory += segment.memory
    let keyframe = segment.keyframe.bytes.flatMap { Keyframe($0) }
    segments.append(segment)
    segments[segments.count - 1].gapBegin = keyframe?.gapBegin
    if let keyframe { coarse.add(keyframe.snapshot, isAfterGap: keyframe.gapBegin != nil) }
  }

  /// Writes what whole segments were added to the recording, and drops the oldest that are beyond the limits.
  package func keepUp() {
    record(upTo: numbers.upperBound)
    forget()
  }

  /// Says how far a history is known to which whole segments are added: up to this moment, in nanoseconds, while more come;
  /// 0: it is whole.
  package func note(knownUpTo time: UInt64) { settled = time }

  /// The records of each lane that wait to be compressed. They are the newest of all.
  package var waiting: Dictionary<Lane, LaneRecorder>.Values { lanes.values }

  /// The memory that the history takes, in bytes, without the records that wait to be compressed.
  public var bytes: Int { memory }

  /// The numbers of the segments that can be looked at, because their keyframe is complete.
  package var numbers: Range<Int> { firstNumber..<firstNumber + segments.count - (pending == nil ? 0 : 1) }

  /// The number of the newest segment, whether its keyframe is complete or not.
  package var newest: Int { firstNumber + segments.count - 1 }

  package func segment(_ number: Int) -> Segment? {
    segments.indices.contains(number - firstNumber) ? segments[number - firstNumber] : nil
  }

  /// The number of the segment that contains a moment in ticks: the last one that begins no later. If all begin later,
  /// the first.
  package func number(at ticks: UInt64) -> Int? { lastNumber { $0.start <= ticks } }

  /// The number of the segment that contains a moment in nanoseconds.
  package func number(atTime time: UInt64) -> Int? { lastNumber { $0.time <= time } }

  /// The number of the last segment that satisfies `isBefore`, as all before it do; the first one if none does; nil: there is
  /// no segment.
  private func lastNumber(_ isBefore: (Segment) -> Bool) -> Int? {
    guard !numbers.isEmpty else { return nil }
    return max(firstNumber, firstNumber + segments[..<numbers.count].firstPlace(behind: isBefore) - 1)
  }

  /// How many records all segments have together.
  public var records: Int { segments.reduce(0) { $0 + $1.records } }
}
