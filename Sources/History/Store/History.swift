// History: what a target's scheduler did, as far back as memory allows, and exact at any moment of it.
//
// §1 The problem. A million events a second come in and must stay for half a minute and more; the view of any moment
// of it must be rebuilt at once, and be right: the same numbers that the live gauges had then.
//
// §2 The design. A row of *segments*, a quarter of a second each: a keyframe (all gauges, read from the region), and
// the records of each lane since, compressed in blocks. The model at a moment is the nearest keyframe before it plus
// the events in between. When there is no more room the oldest segment goes; its gauges stay, as one coarse point.
// A recording is the same segments in a file, a black box is one made from the rings that a process left behind. From
// here on nobody knows which of the three it is.
//
// §3 Where a segment begins. Gauges and rings are read at full speed, while the writers go on: nothing stops them at
// "one moment". So the beginning is not a moment but a *boundary* in each lane, the position to which its counters
// had counted when they were read (Lanes §5). Gauges that were summed from lanes read at slightly different times are
// exact all the same, as soon as every lane's events after its own boundary are added. `start` is the time of the
// latest record before any boundary: from then on, the model of this segment is exact at any moment; before, the one
// of the segment before it is. Records of the segment that are not later than `start` are part of that one's end.
//
// §4 A writer counts a move, and then writes its record. A reader that comes in between sees a count that is one ahead
// of the ring. The counters say so by themselves (Lanes §5): the boundary is where they have counted to, be it behind a
// record that is yet to come; then the segment begins when that one has been drained. A thread can be held up between
// the two for as long as the system likes. It is waited for a while, and not for ever; a keyframe that went on without
// it, or whose lanes did not hold still, says that it is not consistent.
//
// §5 What a gap costs. Records that were lost are missing between two blocks of a lane, or between the last block and
// the boundary of the next keyframe: positions tell how many, but not when. From the last record before them to the
// next keyframe single counts may be off, and the model says that it is not consistent. No longer: the next keyframe's
// gauges come from the region, which does not lose anything.
import Host
import Observed
import Region

/// How much history is kept.
public struct HistoryLimits: Sendable, Equatable {
  /// Bytes of memory that it makes the process take, a fifth of which is for the allocator and for looking back;
  /// and nanoseconds.
  public var bytes: Int
  public var duration: UInt64
  public init(bytes: Int = 250_000_000, duration: UInt64 = 600_000_000_000) {
    (self.bytes, self.duration) = (bytes, duration)
  }
}

/// The history of one target. For one thread at a time.
public final class History {
  public let limits: HistoryLimits
  /// Segments, oldest first; the first has the number `firstNumber`, and numbers are never used again.
  package private(set) var segments: [Segment] = []
  package private(set) var firstNumber = 0
  /// Gauges of each second, which stay when the segments go.
  package private(set) var coarse = CoarseHistory()
  /// Names by id.
  package var names = StringBook()
  /// Our name for each of the target's wait reasons.
  package var reasons: [WaitReason?]
  /// Who measures the events while they come in; nil: nobody.
  package var follower: (any HistoryFollower)?
  /// The moment, in nanoseconds, up to which all lanes are known; 0: nothing was taken in, as of a recording.
  package private(set) var settled: UInt64 = 0
  /// Whether it is being taken in, so that its end is not the last one.
  public var isGrowing: Bool { settled != 0 }
  private var lanes: [Lane: LaneRecorder] = [:]
  /// The keyframe whose boundaries are not all reached yet; it belongs to the last segment but one's end.
  private var pending: Keyframe?
  private let encoder = RecordEncoder()
  private var memory = 0
  /// Records that were ever taken in.
  package private(set) var taken: UInt64 = 0
  /// Records since the last mark.
  package private(set) var fresh = 0
  /// Where each complete segment is written to besides, and the number of the next one.
  private var writer: RecordingWriter?
  private var nextToWrite = 0
  /// What went wrong with that; then nothing more is written.
  public private(set) var recordingError: InspectorError?

  public init(_ limits: HistoryLimits = HistoryLimits()) {
    self.limits = limits
    reasons = WaitReason.all
  }

  /// The same history as it is now, for another thread to look back on while this one grows: what is in it is shared and
  /// never changes. Nothing is recorded of it.
  public func copy() -> History {
    let copy = History(limits)
    (copy.segments, copy.firstNumber, copy.coarse, copy.names) = (segments, firstNumber, coarse, names)
    copy.reasons = reasons
    (copy.settled, copy.lanes, copy.pending) = (settled, lanes, pending)
    (copy.memory, copy.taken, copy.fresh) = (memory, taken, fresh)
    return copy
  }

  /// Records since the last mark that call for the next one, so that no segment takes long to go through.
  package static let mostFresh = 500_000

  // MARK: what comes in

  /// Takes in what there is of one lane.
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

  /// Apart, so that nobody shares the records any more when some are taken out, which would have them copied.
  private func measure(_ records: ArraySlice<Record>, _ lane: Lane) {
    follower?.take(records, on: lane)
  }

  /// The number of the segment that records go into; −1 before the first keyframe.
  private var latestNumber: Int { firstNumber + segments.count - 1 - (pending == nil ? 0 : 1) }

  private func seal(_ lane: inout LaneRecorder, _ count: Int) {
    for block in lane.seal(count, encoder) where segments.indices.contains(lane.segment - firstNumber) {
      segments[lane.segment - firstNumber].blocks.append(block)
      memory += block.payload.count + 96
    }
  }

  /// Begins a new segment with what was just observed; the next drain and `settle` complete it. Does nothing while the
  /// boundaries of the last one are not reached.
  ///
  /// - Parameters:
  ///   - findings: what the lints have to say then; nil: nobody asked them.
  ///   - cpus: what the threads had of the CPUs; nil: nobody asked, or the system does not say.
  /// - Returns: whether it did.
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

  /// Adds the table of Gs, read after the last mark, to the segment that this began, unless it has one.
  package func attach(_ list: GoroutineList) {
    guard let last = segments.last, last.goroutines == nil else { return }
    let payload = Payload.memory(list.bytes)
    memory += payload.memory
    segments[segments.count - 1].goroutines = payload
  }

  /// Whether the last mark's boundaries are not all reached.
  package var isPending: Bool { pending != nil }

  /// After a drain of all lanes: lets those that have reached their boundary go on.
  ///
  /// - Parameter time: the moment in nanoseconds up to which the drain had everything, if it is known.
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

  /// All boundaries are reached: the pending keyframe is whole, and so is the segment before it.
  private func complete() {
    guard var keyframe = pending else { return }
    pending = nil
    let index = segments.count - 1
    if keyframe.snapshot.trace.enabled { keyframe.snapshot.isConsistent = lanes.values.allSatisfy(\.isExact) }
    // Later than necessary is right as well: what comes between is part of the window's beginning.
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

  /// Compresses what waits, so that a look back goes to the very last record that was drained.
  public func flush() {
    for name in Array(lanes.keys) {
      guard var lane = lanes.removeValue(forKey: name) else { continue }
      if lane.mark == nil { seal(&lane, lane.records.count) }
      lanes[name] = lane
    }
  }

  /// Lets the oldest segments go until the rest fits.
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

  /// Writes each segment as soon as it is complete, from the oldest that there is.
  ///
  /// - Parameter fromNow: only from the one that is open on, a quarter of a second old at most.
  public func record(to writer: RecordingWriter, fromNow: Bool = false) {
    (self.writer, recordingError) = (writer, nil)
    nextToWrite = fromNow ? numbers.last ?? firstNumber : firstNumber
  }

  /// Writes the rest, up to the last record that was drained.
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

  // MARK: what was

  /// Adds a segment that was made elsewhere, in a file or from a black box.
  package func append(_ segment: Segment) {
    memory += segment.memory
    segments.append(segment)
    if let snapshot = segment.keyframe.bytes.flatMap({ Keyframe($0)?.snapshot }) { coarse.add(snapshot) }
  }

  /// Records of each lane that wait to be compressed: the newest that there are.
  package var waiting: Dictionary<Lane, LaneRecorder>.Values { lanes.values }

  /// Bytes of memory that all of it takes, without what waits to be compressed.
  public var bytes: Int { memory }

  /// Segments that can be looked at: those whose keyframe is whole.
  package var numbers: Range<Int> { firstNumber..<firstNumber + segments.count - (pending == nil ? 0 : 1) }

  /// The number of the newest segment, be its keyframe whole or not.
  package var newest: Int { firstNumber + segments.count - 1 }

  package func segment(_ number: Int) -> Segment? {
    segments.indices.contains(number - firstNumber) ? segments[number - firstNumber] : nil
  }

  /// The number of the segment that holds the moment, in ticks: the last that begins no later, or else the first.
  package func number(at ticks: UInt64) -> Int? {
    guard !numbers.isEmpty else { return nil }
    return numbers.last { segments[$0 - firstNumber].start <= ticks } ?? numbers.lowerBound
  }

  /// The number of the segment that holds the moment, in nanoseconds.
  package func number(atTime time: UInt64) -> Int? {
    guard !numbers.isEmpty else { return nil }
    return numbers.last { segments[$0 - firstNumber].time <= time } ?? numbers.lowerBound
  }

  /// Records that can be looked at.
  public var records: Int { segments.reduce(0) { $0 + $1.records } }
}

extension WaitReason {
  /// Our name for each raw value that we know, of 256.
  package static let all: [WaitReason?] = (0..<256).map { WaitReason(rawValue: UInt8($0)) }
}
