// Netpoll late: descriptors are ready, but their Gs do not run.
import Observed

/// Value: the nanoseconds within which 99 of 100 Gs ran after netpoll had found their descriptor ready. The
/// lint reports 100 ms or more, if there were twenty such Gs or more. It also reports if sysmon had to poll
/// twenty times or more in ten seconds, because nobody else had polled for long. Then the value is the number
/// of these polls.
struct NetpollLate: Lint {
  static let late: UInt64 = 100_000_000
  static let fewest: UInt64 = 20
  static let polls: UInt64 = 20

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    let spans = instruments.recent.spans.netpoll
    let p99 = spans.percentile(99)
    if spans.count >= Self.fewest, p99 >= Self.late {
      let message =
        "of \(counted(spans.count, "G")) that netpoll readied one in a hundred waited \(TimeText.short(p99)) and more to run"
      return [
        Finding(
          lint: LintName.netpollLate.rawValue, message: message, value: Double(p99),
          threshold: Double(Self.late))
      ]
    }
    let polls = instruments.recent.sysmonPolls
    guard polls >= Self.polls else { return [] }
    let length = snapshot.ruleNumbers.text(.backstop) ?? "long"
    let message =
      "sysmon had to poll the network \(Quantity.times(polls)) in ten seconds: nobody else did for \(length)"
    return [
      Finding(
        lint: LintName.netpollLate.rawValue, message: message, value: Double(polls),
        threshold: Double(Self.polls))
    ]
  }
}
