// All Ms. They form a list, which Ms join at its head and seldom leave. So the Ms of the last look are read by one call, and
// the list is then followed through what was read.

/// One M as it lies in memory. A plain value.
package struct MachineLook: Sendable, Equatable {
  package var address: UInt64
  package var id: Int
  package var tid: Int32
  package var p, g, g0, lockedG: UInt64
  package var isSpinning, isBlocked: Bool
  /// How many calls into C are going on.
  package var callsToC: Int
  /// The function with which the M began, as a pointer to its closure; 0: none.
  package var start: UInt64
}

/// Reads the Ms of one target. Not thread-safe.
package struct MachineReader {
  private let memory: any TargetMemory
  private let layout: GoLayout.M
  private let head: UInt64
  private var batch = MemoryBatch()
  private var places: [UInt64: Int] = [:]
  private var order: [UInt64] = []

  /// The most Ms that are read. Go's runtime ends a program that has more than 10,000 threads, unless the program has
  /// set another limit.
  private static let most = 1 << 17

  package init(_ memory: any TargetMemory, _ layout: GoLayout, _ variables: Variables) {
    (self.memory, self.layout, head) = (memory, layout.m, variables.allm)
  }

  /// All Ms, the youngest first. The list is cut where a cycle or a broken link shows that it is damaged.
  package mutating func read() throws(MemoryProblem) -> [MachineLook] {
    var next = try memory.word(at: head)
    if batch.count > 0 { try batch.read(memory) }
    var (looks, seen): ([MachineLook], Set<UInt64>) = ([], [])
    var isNew = false
    while next != 0, isPlausible(pointer: next), seen.insert(next).inserted, looks.count < Self.most {
      if let index = places[next], let place = batch.place(index) {
        looks.append(decode(next, batch.bytes, place))
        next = batch.bytes.word(place + layout.alllink)
      } else {
        isNew = true
        let bytes: [UInt8]
        do throws(MemoryProblem) {
          bytes = try memory.bytes(at: next, layout.size)
        } catch {
          // This M has just been freed, so the list cannot be followed further. The next look begins at the head again.
          guard case .unmapped = error else { throw error }
          break
        }
        looks.append(decode(next, bytes, 0))
        next = bytes.word(layout.alllink)
      }
    }
    if isNew || looks.count != order.count { prepare(looks.map(\.address)) }
    return looks
  }

  private mutating func prepare(_ machines: [UInt64]) {
    (order, places) = (machines, [:])
    batch.removeAll()
    for m in machines { places[m] = batch.add(m, layout.size) }
  }

  private func decode(_ address: UInt64, _ bytes: [UInt8], _ place: Int) -> MachineLook {
    MachineLook(
      address: address, id: Int(truncatingIfNeeded: bytes.word(place + layout.id)),
      tid: Int32(truncatingIfNeeded: bytes.word(place + layout.procid)), p: bytes.word(place + layout.p),
      g: bytes.word(place + layout.curg), g0: bytes.word(place + layout.g0),
      lockedG: bytes.word(place + layout.lockedg),
      isSpinning: bytes[place + layout.spinning] != 0, isBlocked: bytes[place + layout.blocked] != 0,
      callsToC: Int(bytes.load(place + layout.ncgo, as: Int32.self)),
      start: bytes.word(place + layout.mstartfn))
  }
}
