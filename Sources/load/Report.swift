// The results of a run, and notes on whether server or generator set the limit.

/// The outcome of a run.
struct Report {
  /// The numbers of idle connections; see `IdleCrowd`.
  struct Idle: Equatable {
    let wanted, opened, closed, failed: Int
    /// The reason why the first failed connection failed; nil: none failed.
    let cause: String?
  }

  let plan: Plan
  let counts: Counts
  /// The number of requests that were due and not sent.
  let unsent: Int
  /// The length of the measurement, in nanoseconds. Answers that came later are counted, but not in the rate.
  let elapsed: UInt64
  let isInterrupted: Bool
  /// The number of connections that were opened again during the measurement.
  let reopened: Int
  let idle: Idle?
  let effort: Effort

  /// The rate of requests that the user asked for, in requests a second; nil: as many as possible.
  var wantedRate: Double? { if case .open(let rate) = plan.pace { rate } else { nil } }

  /// Answers a second during the measurement; nil: nothing was measured.
  var rate: Double? {
    guard plan.pace != nil, elapsed > 0 else { return nil }
    let isBurst = if case .burst = plan.pace { true } else { false }
    return Double(isBurst ? counts.answered : counts.answeredInTime) * 1e9 / Double(elapsed)
  }

  var errors: Int { counts.troubles.reduce(0, +) }
  /// Answers whose status says that something was wrong.
  var badStatuses: Int { counts.statuses[4...].reduce(0, +) }

  var exitCode: Int32 {
    errors + badStatuses + (idle?.failed ?? 0) > 0 ? ExitCode.failedRequests : ExitCode.success
  }

  static let percentiles: [(key: String, words: String, value: Double)] = [
    ("p50", "50 %", 50), ("p90", "90 %", 90), ("p99", "99 %", 99), ("p99_9", "99.9 %", 99.9),
  ]
}

// MARK: what the numbers do not say by themselves

extension Report {
  /// The generator may be the limit if it used this share of its CPUs or more.
  private static let busy = 0.9
  /// The generator lacks CPUs if in the mean this number of its threads or more wait for one.
  private static let starved = 0.25
  /// A larger share of late requests than this is worth a note.
  private static let noteworthy = 0.01

  private var isBusy: Bool { effort.cpus >= Self.busy * Double(effort.procs) }
  private var isStarved: Bool { (effort.waiting ?? 0) >= Self.starved }

  /// Sentences for people that say why the numbers may not show what the server can do.
  var notes: [String] {
    var notes: [String] = []
    if unsent > 0 { notes.append(unsentNote) }
    if let lateNote { notes.append(lateNote) }
    if isBusy {
      notes.append(
        "the generator used \(decimal(effort.cpus, 2)) of \(effort.procs) CPUs: it may be the limit, and not the server"
      )
    }
    if counts.atLeast > 0 {
      notes.append(
        "\(grouped(counts.atLeast)) of the latencies are of requests that were given up without an answer: the true ones "
          + "are longer")
    }
    return notes
  }

  private var lateNote: String? {
    guard Double(counts.lateByItself) > Self.noteworthy * Double(counts.begun) else { return nil }
    let most = time(counts.mostLateByItself)
    if case .burst = plan.pace {
      return "the generator needed \(most) to send the burst, and its latencies include that"
    }
    return "the generator was late: \(grouped(counts.lateByItself)) requests were sent more than "
      + "\(time(Counts.tolerance)) late though a connection was free (\(most) at most), and their latencies include "
      + "that; \(Self.cure)"
  }

  private static let cure = "lower the rate, or end other programs on this machine"

  private var unsentNote: String {
    let what = "the rate was not kept: \(grouped(unsent)) requests were due and not sent, because "
    if isBusy || isStarved {
      let waiting = effort.waiting.map { ", and \(decimal($0, 2)) of its threads waited for a CPU" } ?? ""
      return what
        + "the generator itself lacked CPU (it used \(decimal(effort.cpus, 2)) of \(effort.procs)\(waiting)); \(Self.cure)"
    }
    return what
      + "all \(grouped(plan.connections)) connections waited for answers; allow more --connections, or the "
      + "server is at its limit"
  }
}
