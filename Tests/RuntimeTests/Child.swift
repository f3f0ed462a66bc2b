// Tests of the running runtime. There is one runtime in a process and it never ends, so each test boots it in
// a child process of its own (an exit test). A body that returns ends the child with 0; a check that fails is
// recorded as an issue of the test, and ends the child with status 1.
import Glibc
import Region
import Testing

@testable import MPG

/// Seconds after which a child is ended by SIGALRM: a lost wake-up shows as a child that hangs.
private let patience: UInt32 = 900

/// In a child: boots the runtime with `procs` Ps and runs `body` as the main G.
///
/// - Parameters:
///   - preemption: whether a G that runs for too long is stopped.
///   - netpoll: its backend; nil: what MPG_NETPOLL says.
///   - rings: how large io_uring's rings are.
///   - slice: how long a G may run while others wait; see `Options.slice`.
func inRuntime(
  procs: Int, preemption: Bool = true, netpoll: NetpollKind? = nil, rings: RingSizes = RingSizes(),
  slice: Duration = .milliseconds(10), _ body: sending @escaping () throws -> Void
) -> Never {
  alarm(patience)
  unsafe Outside.bystanders = (Outside.threads ?? 1) - 1  // the harness; this thread becomes M0
  var options = Options(procs: procs, tracing: true, preemption: preemption)
  (options.netpoll, options.rings, options.slice) = (netpoll, rings, slice)
  MPG.main(options, body)
}

/// So that it can be handed to a child.
extension NetpollKind: Codable {}

/// In a child: ends it with status 1, and an issue that says what was expected, unless `condition` holds.
func check(
  _ condition: Bool, _ expected: @autoclosure () -> String, at location: SourceLocation = #_sourceLocation
) {
  if condition { return }
  Issue.record("expected \(expected())", sourceLocation: location)
  exit(1)
}

/// In a child: ends it with status 1 unless the two are equal.
func checkEqual<T: Equatable>(
  _ found: T, _ expected: T, _ what: String, at location: SourceLocation = #_sourceLocation
) {
  check(found == expected, "\(what) to be \(expected), found \(found)", at: location)
}
