// Stacks of goroutines: all of them for lists, profiles and flame graphs, or some for screens.
import Host
import Observed

extension GoSource {
  /// The goroutines of the program, sorted by id, and their stacks: whole, with inlined frames, files and lines. The runtime's
  /// own are left out, as Go leaves them out. The stack of a running goroutine is not known, since its registers are
  /// in a thread; only a core holds these registers.
  ///
  /// - Throws: an error if the program has ended, or its memory cannot be read any more.
  public func stacks() throws(InspectorError) -> (goroutines: [GoStackListing], stacks: GoStacks) {
    // Stacks are read fastest in the order of the goroutines' addresses. Afterwards the list is sorted by id.
    let addresses = try addresses()
    guard let (looks, parked) = program.listed(addresses) else {
      throw InspectorError(.field("g.sched"), pid: identity.pid, name: identity.name)
    }
    let stacks = try core?.addRunning(to: parked, of: looks, machines: machinesNow()) ?? parked
    let shown = looks.indices.filter { !looks[$0].isDead && !looks[$0].isSystem }
    try stillThere()
    var (labels, words) = (Labels(program), StateWords(program.reasons))
    let order = shown.map { (id: looks[$0].id, index: $0) }.sorted { $0.id < $1.id }
    let listings = order.map { id, index in
      var listing = GoStackListing(
        id: id, state: words.word(looks[index]), stack: stacks.outcomes[index],
        creator: looks[index].creator, parent: looks[index].parent == 0 ? nil : looks[index].parent)
      if looks[index].isLocked { listing.remarks.append("locked to thread") }
      if looks[index].labels != 0 { listing.labels = labels.labels(at: looks[index].labels) ?? [] }
      return listing
    }
    return (listings, stacks)
  }
}

extension GoProgram {
  /// Goroutines with their stacks, dead ones too. Long lists are read by several threads (`inShares`).
  fileprivate func listed(_ addresses: [UInt64]) -> (looks: [GoroutineLook], stacks: GoStacks)? {
    let parts = Self.inShares(addresses.count) { self.listedPart(Array(addresses[$0])) }
    let known = parts.compactMap(\.self)
    return known.count == parts.count ? (known.flatMap(\.looks), GoStacks(joining: known.map(\.stacks))) : nil
  }

  /// Reads what a list shows of goroutines together with their stacks; nil: the layout does not tell where stacks are.
  private func listedPart(_ addresses: [UInt64]) -> (looks: [GoroutineLook], stacks: GoStacks)? {
    let g = layout.g
    let others =
      [g.waitreason, g.gopc, g.startpc, g.lockedm] + [g.parentGoid, g.labels].compactMap(\.self)
    guard var reader = stackReader(seeing: others) else { return nil }
    // A goroutine that cannot be read keeps the status with which a GoroutineLook is made, 0: dead.
    var (looks, systemStarts) = (addresses.map { GoroutineLook(address: $0) }, [UInt64: Bool]())
    let stacks = reader.stacks(of: addresses) { index, word in
      let start = word(g.startpc)
      if systemStarts[start] == nil { systemStarts[start] = tables.isSystem(start: start) }
      looks[index].id = word(g.goid)
      looks[index].status = UInt8(truncatingIfNeeded: word(g.atomicstatus))
      looks[index].reason = UInt8(truncatingIfNeeded: word(g.waitreason))
      (looks[index].creator, looks[index].start) = (word(g.gopc), start)
      looks[index].isSystem = systemStarts[start] ?? false
      looks[index].isLocked = word(g.lockedm) != 0
      looks[index].parent = g.parentGoid.map { word($0) } ?? 0
      looks[index].labels = g.labels.map { word($0) } ?? 0
    }
    return (looks, stacks)
  }
}

/// States in Go's words. Each word is made once, and not once for each of a hundred thousand goroutines.
private struct StateWords {
  private let reasons: WaitReasons
  private var waits = [String?](repeating: nil, count: 256)

  init(_ reasons: WaitReasons) { self.reasons = reasons }

  mutating func word(_ look: GoroutineLook) -> String {
    switch look.status {
    case 1: return "runnable"
    case 2: return "running"
    case 3: return "syscall"
    case 4:
      if let word = waits[Int(look.reason)] { return word }
      let word = reasons[look.reason].isEmpty ? "waiting" : reasons[look.reason]
      waits[Int(look.reason)] = word
      return word
    case 8: return "copystack"
    case 9: return "preempted"
    case 10: return "leaked"
    default: return "dead"
    }
  }
}

extension GoSource {
  package func stacks(of gs: StackQuestion) throws(InspectorError) -> Stacks? {
    let looks: [GoroutineLook]
    switch gs {
    case .all: looks = try look().filter { !$0.isDead && !$0.isSystem }
    case .some(let ids):
      // The last look at all Gs tells where the `g` of each lies. By now that `g` may hold another G, so the id is
      // read again with the stack.
      let wanted = Set(ids)
      looks = goroutines.gs.filter { wanted.contains($0.id) && !$0.isDead }
    }
    if desk == nil { desk = StackDesk(program) }
    return desk?.stacks(of: looks, asked: gs)
  }
}
