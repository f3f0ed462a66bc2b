// Folded lines, from which flame graphs are drawn: the functions of a stack, the outermost first, and how many goroutines have
// this stack.

/// Writes goroutines as folded lines: `main.main;main.serve;net.(*conn).Read 12`.
public enum FoldedStacks {
  /// The lines, sorted by their text, each with a newline. Goroutines whose stack is not known are counted together, in one
  /// line for each reason why it is not known. The reason stands there as the only frame: `[running]`. Frames of Go's own
  /// machinery are left out, as in the stacks that Go prints.
  public static func lines(_ listings: [GoStackListing], in stacks: GoStacks, tables: GoTables) -> String {
    var (cache, counts) = (GoFrameCache(tables), [String: Int]())
    for group in cache.groupedByStack(listings, in: stacks) {
      let path =
        group.frames.isEmpty
        ? "[\(reason(listings[group.members[0]].stack))]"
        : group.frames.reversed().map { cleaned($0.function) }.joined(separator: ";")
      // Stacks that differ only in lines are one path.
      counts[path, default: 0] += group.members.count
    }
    return counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
  }

  private static func reason(_ outcome: GoStackOutcome) -> String {
    switch outcome {
    case .running: "running"
    case .moved: "moved"
    case .absent: "dead"
    case .stack, .unreadable: "unreadable"
    }
  }

  /// Replaces semicolons and newlines in a name: the former separate functions, the latter stacks.
  private static func cleaned(_ name: String) -> String {
    String(name.map { $0 == ";" ? ":" : $0.isNewline ? " " : $0 })
  }
}
