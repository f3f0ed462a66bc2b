// All goroutines of a program with their stacks, for lists, profiles and flame graphs.
import Host
import Observed

extension GoSource {
  /// The goroutines of the program, sorted by id, and their stacks: whole, with inlined frames, files and lines. The runtime's
  /// own are left out, as Go leaves them out. A goroutine that runs has no stack, since its registers are in a thread.
  ///
  /// - Throws: an error if the program has ended, or its memory cannot be read any more.
  public func stacks() throws(InspectorError) -> (goroutines: [GoStackListing], stacks: GoStacks) {
    let looks = try look().filter { !$0.isDead && !$0.isSystem }.sorted { $0.id < $1.id }
    guard let stacks = program.stacks(of: looks.map(\.address)) else {
      throw InspectorError(.field("g.sched"), pid: identity.pid, name: identity.name)
    }
    var labels = Labels(program)
    let listings = zip(looks, stacks.outcomes).map { look, outcome in
      var listing = GoStackListing(
        id: look.id, state: state(of: look), stack: outcome, creator: look.creator,
        parent: look.parent == 0 ? nil : look.parent)
      if look.isLocked { listing.remarks.append("locked to thread") }
      listing.labels = labels.labels(at: look.labels) ?? []
      return listing
    }
    return (listings, stacks)
  }

  /// The state in Go's words.
  private func state(of look: GoroutineLook) -> String {
    switch look.status {
    case 1: "runnable"
    case 2: "running"
    case 3: "syscall"
    case 4: program.reasons[look.reason].isEmpty ? "waiting" : program.reasons[look.reason]
    case 8: "copystack"
    case 9: "preempted"
    case 10: "leaked"
    default: "dead"
    }
  }
}
