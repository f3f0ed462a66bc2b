// Tests of the running runtime. A process has one runtime, and it never ends. So each test boots the runtime
// in a child process of its own (an exit test). A body that returns ends the child with 0. A check that fails
// is recorded as an issue of the test, and ends the child with status 1.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// After this many seconds SIGALRM ends the child: a lost wake-up shows as a child that hangs.
private let patience: UInt32 = 900

/// The stack, in KiB, of Gs that ask the inspector, whose values are large: a build for debugging copies them on the stack,
/// and 256 KiB are too few for some questions.
let askingStack = 2048

/// Runs in a child process: boots the runtime with `procs` Ps and runs `body` as the main G.
///
/// - Parameters:
///   - preemption: whether a G that runs for too long is preempted.
///   - netpoll: its backend; nil: the backend that MPG_NETPOLL names.
///   - rings: the size of io_uring's rings.
///   - slice: how long a G may run while others wait; see `Options.slice`.
func inRuntime(
  procs: Int, preemption: Bool = true, netpoll: NetpollKind? = nil, rings: RingSizes = RingSizes(),
  slice: Duration = .milliseconds(10), stackKiB: Int? = nil, _ body: sending @escaping () throws -> Void
) -> Never {
  alarm(patience)
  unsafe Outside.bystanders = (Outside.threads ?? 1) - 1  // the harness; this thread becomes M0
  var options = Options(procs: procs, tracing: true, preemption: preemption)
  (options.netpoll, options.rings, options.slice) = (netpoll, rings, slice)
  options.stackKiB = stackKiB ?? options.stackKiB
  MPG.main(options, body)
}

extension TemporaryFolder {
  /// Runs in a child process, before the boot: the child makes its region in `path`. After a crash, its region's file would
  /// stay behind among the user's own.
  static func useForRegions(_ path: String) { unsafe _ = setenv("XDG_RUNTIME_DIR", path, 1) }
}

/// Lets a value of this type be passed to a child.
extension NetpollKind: Codable {}
