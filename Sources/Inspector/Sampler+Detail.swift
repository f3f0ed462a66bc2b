// Finds out the details of a target that is alive.
internal import Glibc
import History
import Host
import Insight
import Observed

/// The cost of adding events to the history, counted while the target is observed.
struct TakingAccount: Sendable {
  /// The time that adding events has taken, in nanoseconds.
  private(set) var time: UInt64 = 0
  /// How full the fullest ring became in this second so far, and in the last one, as shares of its size.
  private var fullest = (now: 0.0, before: 0.0)
  private var second: UInt64 = 0
  /// The CPU time of this process when it was last asked for, and the moment of asking; in nanoseconds; nil:
  /// not asked yet.
  fileprivate var own: (cpu: UInt64, wall: UInt64)?
  /// The share of a core that this process used between the last two times of asking; nil: not known yet.
  fileprivate var ownUse: Double?

  /// How full the fullest ring became in this second and the last one, as a share of the ring's size.
  var fill: Double { max(fullest.now, fullest.before) }

  mutating func note(fill: Double, start: UInt64, end: UInt64) {
    time &+= end - start
    if end / 1_000_000_000 != second { (fullest, second) = ((0, fullest.now), end / 1_000_000_000) }
    fullest.now = max(fullest.now, fill)
  }
}

/// Reads the table of Gs for a frame of the screen. It is no part of the sampler, which must be free to
/// drain rings between two parts of the table.
private struct TableReading {
  /// How long reading the table of Gs may be put off, in nanoseconds.
  private static let longestPutOff: UInt64 = 1_000_000_000

  let source: any SchedulerSource
  let observation: Observation
  let isCalledAway: () -> Bool

  /// Reads the table, if reading it is due.
  func read(
    at now: UInt64, _ detailer: inout Detailer, _ breathe: () -> Void, _ fail: (InspectorError) -> Void
  ) -> Goroutines? {
    let readAt = detailer.tableReadAt
    // If the table is a second old, it is read to its end, even if a user holds a key down all the time.
    func isPutOff() -> Bool {
      isCalledAway() && readAt.map { monotonicNow() < $0 + Self.longestPutOff } ?? false
    }
    return detailer.goroutines(at: now, isLive: true) {
      do throws(InspectorError) {
        let rows = try source.goroutines(breathe: breathe, isCalledAway: isPutOff)
        return rows.map {
          Goroutines(
            $0, of: observation, names: source.grownNames, readAt: source.tableReadAt ?? source.now)
        }
      } catch {
        fail(error)
        return Goroutines()
      }
    }
  }
}

extension Sampler {
  /// Returns the frame of this very moment, with the details in which a viewer is interested.
  ///
  /// - Throws: `InspectorError` if the target cannot be read.
  public mutating func frame(_ interest: Interest) throws(InspectorError) -> Frame {
    var frame = try frame()
    let interest = widened(interest)
    guard interest != .none, let history, let observation else { return frame }
    _ = try drain()
    // For a target that has ended, the moment stays that of the last snapshot.
    let now = observation.clock.ticks(at: ending == nil ? source.now : frame.snapshot.time)
    let moment = DetailSource(
      history: history, clock: observation.clock, moment: now, snapshot: observation.snapshot)
    var problem: InspectorError?
    var detailer = detailer
    // While a detail is found, the rings are drained. If draining fails, its error is thrown afterwards.
    let isCalledAway = isCalledAway
    func breathe() {
      do throws(InspectorError) { _ = try step() } catch { problem = error }
    }
    frame.detail = detailer.look(interest, moment, isLive: true, breathe: breathe, isCalledAway: isCalledAway)
    if interest.goroutines {
      let table = TableReading(source: source, observation: observation, isCalledAway: isCalledAway)
      frame.detail.goroutines = table.read(at: now, &detailer, breathe) { problem = $0 }
    }
    lookAtStacks(interest, at: now, &detailer, &frame.detail)
    if let choice = interest.request {
      frame.detail.request = detailer.request(choice) { Player(history)?.request(choice) }
    }
    if let question = interest.stage {
      frame.detail.stage = detailer.stage(question, of: history, at: now)
    }
    let tids = frame.snapshot.ms.compactMap(\.tid)
    if interest.threads, let facts = source.system { frame.detail.threads = facts.threads }
    if !interest.sockets.isEmpty, ending == nil, let facts = source.sockets {
      frame.detail.sockets = facts.sockets(of: interest.sockets)
    }
    if let threads = source.threads { detailer.lookAtSystem(interest, threads, tids: tids, &frame.detail) }
    if interest.health { frame.detail.health = health(history) }
    self.detailer = detailer
    if let problem { throw problem }
    explain(interest, in: &frame)
    return frame
  }

  private mutating func health(_ history: History) -> Health {
    var health = Health()
    (health.fullest, health.drainInterval) = (account.fill, drainInterval)
    (health.taken, health.takingTime) = (history.taken, account.time)
    (health.historyBytes, health.historyLimit) = (history.bytes, history.limits.bytes)
    health.records = history.records
    if let span = history.span { (health.first, health.last) = (span.first, span.last) }
    noteOwnUse()
    health.ownUse = account.ownUse
    health.ownMemory = Self.ownMemory
    return health
  }

  private mutating func noteOwnUse() {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    let cpu = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    let now = monotonicNow()
    guard let last = account.own else {
      account.own = (cpu, now)
      return
    }
    guard now - last.wall >= 1_000_000_000 else { return }
    account.ownUse = Double(cpu &- last.cpu) / Double(now - last.wall)
    account.own = (cpu, now)
  }

  /// The memory in which this process is resident, in bytes; nil: not known.
  private static var ownMemory: UInt64? {
    let words = String(decoding: smallFile("/proc/self/statm", limit: 256) ?? [], as: UTF8.self)
      .split(separator: " ")
    guard words.count > 1, let pages = UInt64(words[1]) else { return nil }
    return pages * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
  }
}
