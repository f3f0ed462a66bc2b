// `mpgtop --self-test`: measures the cost of watching a live process.
internal import Glibc
import Inspector

struct SelfTest {
  let output: StandardOutput

  /// The length of the measurement, in seconds.
  private static let seconds = 3.0

  func run(_ source: any SchedulerSource) throws(Failure) {
    let cost = try failing { () throws(InspectorError) in try measure(source) }
    try output.write(cost + "\n")
  }

  private func measure(_ source: any SchedulerSource) throws(InspectorError) -> String {
    var sampler = Sampler(from: source, history: HistoryLimits())
    guard let history = sampler.history else { return "" }
    let start = (wall: monotonicNow(), cpu: Self.cpu())
    let end = start.wall + UInt64(Self.seconds * 1e9)
    var longest: UInt64 = 0
    while monotonicNow() < end, sampler.ending == nil {
      let before = monotonicNow()
      let pause = try sampler.step()
      longest = max(longest, monotonicNow() - before)
      usleep(UInt32(clamping: pause / 1000))
    }
    let wall = monotonicNow() - start.wall
    let cpu = Self.cpu() - start.cpu
    history.flush()
    let (records, decoding) = try decode(history)
    let lost = (sampler.latest?.trace.lost).orDash
    func per(_ value: UInt64, _ count: Int) -> String {
      count == 0 ? "-" : Quantity.compact(Double(value) / Double(count))
    }
    let rate = Double(records) * 1e9 / Double(max(1, wall))
    let lines = [
      "events        \(Quantity.grouped(records)) in \(TimeText.short(wall)), \(Quantity.compact(rate)) a second",
      "lost          \(lost)",
      "cpu           \(TimeText.short(cpu)), \(Quantity.percent(cpu, of: max(1, wall))) of a core, snapshots included",
      "taking in     \(per(cpu, records)) ns an event: drained, compressed, kept",
      "taking out    \(per(decoding, records)) ns an event: unpacked, put in order, applied to the model",
      "history       \(Quantity.bytes(UInt64(history.bytes))), \(per(UInt64(history.bytes), records)) an event, of 32",
      "longest step  \(TimeText.short(longest))",
    ]
    return lines.joined(separator: "\n")
  }

  /// Reads the whole history. Returns the number of records, and the CPU time in nanoseconds.
  private func decode(_ history: History) throws(InspectorError) -> (Int, UInt64) {
    let start = Self.cpu()
    let records = history.replayAll()
    return (records, Self.cpu() - start)
  }

  /// CPU time of this process so far, in nanoseconds.
  private static func cpu() -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }
}
