// The account of the queues, event by event.
import Region
import Testing

@testable import Exports
@testable import History
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("The account of the queues")
struct QueueAccountTests {
  private func apply(_ records: [(Record, Lane)], to account: QueueAccount = QueueAccount()) -> QueueAccount {
    var account = account
    for (record, lane) in records {
      if let kind = record.kind { account.apply(kind, record, on: lane) }
    }
    return account
  }

  private func put(_ g: UInt64, _ queue: Place.Queue, on lane: Lane = .p(0)) -> (Record, Lane) {
    (Record(.goReady, time: 1, m: 1, g: g, arg: Place(queue, depth: 0).bits), lane)
  }

  private func start(_ g: UInt64, _ source: RunSource, on p: Int = 0) -> (Record, Lane) {
    (Record(.goStart, time: 1, m: 3, g: g, detail: source.rawValue), .p(p))
  }

  @Test("who is put into runnext sends the G that was there to the LRQ, unless a thief was faster")
  func displaced() {
    let both = apply([put(1, .runnext), put(2, .displacing)])
    #expect(both[p: 0] == QueueAccount.P(lrq: 1, next: 1))
    let thief = (Record(.steal, time: 1, m: 1, detail: 1, count: 1, arg: 0), Lane.p(1))
    let robbed = apply([
      put(1, .runnext), put(2, .displacing), (Record(.nextStolen, time: 2, m: 1), .p(0)), thief,
    ])
    #expect(robbed[p: 0] == QueueAccount.P(lrq: 0, next: 1))
    // The order in which the two Ps' records are read makes no difference.
    #expect(
      apply([put(1, .runnext), thief, put(2, .displacing), (Record(.nextStolen, time: 2, m: 1), .p(0))])
        == robbed)
    #expect(robbed.queued == 1)
  }

  @Test("a G set aside for want of a stack is on no queue until it is taken up")
  func setAside() {
    let aside = apply([
      put(1, .lrq), (Record(.goSetAside, time: 2, m: 1, g: 1, detail: RunSource.lrq.rawValue), .p(0)),
    ])
    #expect(aside.queued == 0)
    let back = apply(
      [(Record(.takeUp, time: 3, m: 1, count: 1, arg: Place(.grq, depth: 0).bits), .m(9))], to: aside)
    #expect(back.grq == 1)
  }

  @Test("batches: the first of a steal or of a take from the GRQ is in hands, the others are on the LRQ")
  func batches() {
    var account = apply((1...8).map { put($0, .lrq) } + (9...12).map { put($0, .grq, on: .m(5)) })
    account = apply([(Record(.steal, time: 2, m: 1, count: 4, arg: 0), .p(1))], to: account)
    #expect(account[p: 0]?.lrq == 4 && account[p: 1]?.lrq == 3)
    account = apply([start(1, .steal, on: 1)], to: account)
    #expect(account[p: 1] == QueueAccount.P(lrq: 3, g: 1))
    account = apply([(Record(.grqTake, time: 3, m: 1, count: 3), .p(2)), start(9, .grq, on: 2)], to: account)
    #expect(account.grq == 1 && account[p: 2]?.lrq == 2)
    account = apply([(Record(.procRetire, time: 4, m: 1, detail: 0, count: 0, arg: 4), .p(0))], to: account)
    #expect(account.grq == 5 && account[p: 0] == QueueAccount.P())
    account = apply([(Record(.overflow, time: 5, m: 1, count: 2), .p(2))], to: account)
    #expect(account.grq == 7 && account[p: 2]?.lrq == 0)
  }

  @Test("it survives being written and read, and whatever a record says")
  func bytesAndNoise() throws {
    let account = QueueAccount(
      ps: [.init(lrq: 3, next: 1, m: 2, g: 77), .init(lrq: -1, next: 0, m: nil, g: nil)], grq: -2)
    var out = ByteWriter()
    account.write(to: &out)
    var reader = ByteReader(out.bytes)
    #expect(QueueAccount(from: &reader) == account)
    var wild = account
    for kind in EventKind.allCases {
      for lane in [Lane.p(.max), .p(-1), .p(5000), .m(.max), .p(1)] {
        wild.apply(
          kind, Record(kind, time: .max, m: .max, g: .max, detail: .max, count: .max, arg: .max), on: lane)
      }
    }
    #expect(wild.ps.count <= QueueAccount.mostPs)
  }

  @Test("it is read from the words that go with the records, and not while one is under way")
  func read() throws {
    let region = RegionFixture(.standard(countsQueues: true), procs: 2)
    for (field, element, value) in [
      (LaneField.created, 0, 6), (.started, 0, 1), (.position, 0, 7), (.queuedOn, 1, 1), (.queuedOn, 2, 3),
      (.queuedOn, 4, 2), (.takenFrom, 2, 1),
    ] { region[field, 0, element] = UInt64(value) }
    (region[PField.g], region[PField.m]) = (5, 3)
    region[PField.g, 1] = 6  // the last that ran there
    (region[StealField.gs, 1024], region[StealField.nexts, 1024], region[PField.steals, 1]) = (3, 1, 2)
    region[PField.lrqMoved, 1] = UInt64(bitPattern: 2)
    region[PField.grqMoved, 1] = UInt64(bitPattern: -1)
    region[LaneField.queuedOn, 1024 + 2, 3] = 4
    (region[LaneField.readied, 1024 + 2, 1], region[LaneField.position, 1024 + 2]) = (4, 4)
    // The queues' contents at this moment.
    (region[PField.lrqTail], region[PField.runnext]) = (9, 1)

    let snapshot = try region.snapshot()
    #expect(
      snapshot.account
        == QueueAccount(ps: [.init(lrq: 2, next: 0, m: 2, g: 5), .init(lrq: 2, next: 0)], grq: 3))
    #expect(snapshot.ps.map(\.lrq) == [2, 2] && snapshot.ps.map(\.runnext) == [false, false])
    #expect(snapshot.grq == 3 && snapshot.ps.map(\.g) == [5, nil])

    region[LaneField.position] = 6
    let moving = try region.snapshot()
    #expect(moving.account == nil && moving.ps[0].lrq == 9 && moving.ps[0].runnext == true)
  }
}
