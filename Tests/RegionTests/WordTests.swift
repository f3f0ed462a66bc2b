// Words, blocks and packed values: a value that is stored by name is found at the schema's offset, and can be
// read back.
import TestSupport
import Testing

@testable import Region

/// Stores a different number in every word of a block, by field and index; returns the words that did not
/// hold their number.
private func wordsMissed<Field: RegionField>(_: Field.Type, index: Int) -> [String] {
  let arena = Arena(words: (index + 1) * Field.stride)
  let block = arena.block(Field.self, index: index)
  for field in Field.allCases {
    for element in 0..<field.spec.count {
      block[field, element].set(UInt64(field.rawValue * 1000 + element + 1))
    }
  }
  return Field.allCases.flatMap { field in
    (0..<field.spec.count).compactMap { element in
      let found = arena.raw(index * Field.stride + field.rawValue + element)
      return found == UInt64(field.rawValue * 1000 + element + 1) ? nil : "\(field)[\(element)]"
    }
  }
}

@Suite("Words and blocks")
struct WordTests {
  @Test("what is stored through a field lies at the field's offset in its block, and nowhere else")
  func storesLandAtTheOffset() {
    #expect(wordsMissed(HeaderField.self, index: 0) == [])
    #expect(wordsMissed(SchedField.self, index: 0) == [])
    #expect(wordsMissed(PField.self, index: 3) == [])
    #expect(wordsMissed(StealField.self, index: 7) == [])
    #expect(wordsMissed(MField.self, index: 5) == [])
    #expect(wordsMissed(LaneField.self, index: 2) == [])
    #expect(wordsMissed(GField.self, index: 9) == [])
  }

  @Test("every way of writing a word does what it says")
  func writesAreWhatTheySay() {
    let word = Arena(words: 1).word(0)

    word.set(5)
    #expect(word.relaxed == 5)
    word.publish(6)
    #expect(word.acquired == 6)
    word.setOrdered(7)
    #expect(word.ordered == 7)
    word.bump()
    word.bump(by: 10)
    #expect(word.relaxed == 18)
    #expect(word.add(2) == 20)
    #expect(word.subtract(5) == 15)
    #expect(!word.compareExchange(4, 9))
    #expect(word.relaxed == 15)
    #expect(word.compareExchange(15, 9))
    #expect(word.relaxed == 9)
  }

  @Test("counters wrap and do not trap")
  func countersWrap() {
    let word = Arena(words: 1).word(0)

    word.set(.max)
    word.bump()
    #expect(word.relaxed == 0)
    #expect(word.subtract(1) == .max)
    #expect(word.add(2) == 1)
  }

  @Test("additions by several threads lose none")
  func additionsAreAtomic() {
    let arena = Arena(words: 1)

    withThreads(4) { _ in
      for _ in 0..<50_000 { arena.word(0).add(1) }
    }

    #expect(arena.raw(0) == 200_000)
  }

  @Test("a record's parts come back as they went in, from the bits that the specification names")
  func recordsRoundTrip() {
    let record = Record(
      .steal, time: .max - 1, m: 0xabcd, g: 1 << 63, detail: 0x5a, count: 0xdead_beef, arg: .max)

    #expect(record.what == 0xdead_beef_abcd_5a0a)
    #expect(record.kind == .steal)
    #expect(record.detail == 0x5a)
    #expect(record.m == 0xabcd)
    #expect(record.count == 0xdead_beef)
    #expect(record.time == UInt64.max - 1)
    #expect(record.g == 1 << 63)
    #expect(record.arg == .max)
    for kind in EventKind.allCases {
      #expect(Record(kind, time: 0, m: .max, detail: .max, count: .max).kind == kind)
    }
  }

  @Test("noise in a record is an unknown kind, never a trap")
  func unknownKindsAreNil() {
    let known = Set(EventKind.allCases.map(\.rawValue))

    for raw in UInt8.min...UInt8.max where !known.contains(raw) {
      #expect(Record(time: 0, what: UInt64(raw), g: 0, arg: 0).kind == nil)
    }
  }

  @Test("a G's status packs state, reason, kind and sequence number, and gives each back")
  func statusRoundTrips() {
    let status = GStatus(.waiting, reason: .chanReceive, kind: .main, sequence: 0xfeed_f00d)

    #expect(status.word == 0xfeed_f00d_0001_0404)
    for state in GState.allCases {
      for reason in WaitReason.allCases {
        for kind in GKind.allCases {
          let packed = GStatus(state, reason: reason, kind: kind, sequence: 77)
          #expect(packed.state == state)
          #expect(packed.reason == reason)
          #expect(packed.rawReason == reason.rawValue)
          #expect(packed.kind == kind)
          #expect(packed.sequence == 77)
        }
      }
    }
  }

  @Test("a move keeps the kind, replaces state and reason, and counts on, over the wrap")
  func movesCount() {
    let last = GStatus(.waiting, reason: .sleep, kind: .task, sequence: .max)

    let moved = last.moved(to: .runnable)

    #expect(moved == GStatus(.runnable, reason: .none, kind: .task, sequence: 0))
    #expect(
      moved.moved(to: .waiting, reason: .netpollRead)
        == GStatus(.waiting, reason: .netpollRead, kind: .task, sequence: 1))
  }

  @Test("noise in a status word is an unknown part, never a trap")
  func unknownStatusPartsAreNil() {
    let noise = GStatus(word: .max)

    #expect(noise.state == nil)
    #expect(noise.reason == nil)
    #expect(noise.kind == nil)
    #expect(noise.sequence == .max)
  }

  @Test("every state but dead is left for runnable or running only, and no move leads to itself")
  func movesAreThoseOfTheField() {
    for state in GState.allCases {
      #expect(!state.moves.contains(state))
      #expect(!state.moves.isEmpty)
      #expect(GState.allCases.filter(state.canMove) == state.moves.sorted { $0.rawValue < $1.rawValue })
    }
    #expect(GState.allCases.filter { $0.moves.contains(.running) } == [.runnable, .syscall, .preempted])
    #expect(GState.allCases.filter { $0.moves.contains(.waiting) } == [.running])
    #expect(GState.allCases.filter { $0.moves.contains(.dead) } == [.running])
  }

  @Test("every wait reason fits in the slots kept for reasons, and is in one group of the headlines")
  func reasonsFit() {
    #expect(WaitReason.allCases.allSatisfy { Int($0.rawValue) < WaitReason.capacity })
    #expect(WaitReason.allCases.filter { $0.group == .netpoll } == [.netpollRead, .netpollWrite])
    #expect(WaitReason.allCases.filter { $0.group == .chan } == [.chanSend, .chanReceive])
    #expect(Set(WaitReason.allCases.map(\.group)) == Set(WaitGroupName.allCases))
  }
}
