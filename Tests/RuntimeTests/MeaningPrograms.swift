// Programs that make every kind of event happen, for MeaningTests.
import CFaults
import CMPG
import Glibc
import Region

@testable import MPG

/// A program that makes certain kinds of events happen.
enum Program: String, CaseIterable, Codable {
  case queues, crowd, hog, calls, idle, polls, procs, shortage, loan, latePoll, lateTimer, ending
  case stackless, robbed, crowdedYields, busyAndIdle

  var kinds: [EventKind] {
    switch self {
    case .queues: [.goCreate, .goStart, .goPark, .goReady, .goYield, .goExit, .goLabel]
    case .crowd: [.overflow, .grqTake, .steal, .mSpin, .mUnspin]
    case .hog: [.preemptRequest, .goPreempt, .goResume]
    case .calls: [.goSyscall, .goSyscallExit, .retake]
    case .idle: [.boot, .mStart, .procStart, .procStop, .mPark, .mWake]
    case .polls: [.netpoll, .timers]
    case .procs: [.procsChange, .procRetire]
    case .shortage: [.shortage]
    case .loan: [.lend]
    case .latePoll: [.netpollLate]
    case .lateTimer: [.timerLate]
    case .ending: [.mEnd, .gcStart, .gcEnd]
    case .stackless: [.goSetAside, .takeUp]
    case .robbed: [.nextStolen]
    case .crowdedYields: [.goYield]
    case .busyAndIdle: [.netpollStandby]
    }
  }

  var ps: Int {
    switch self {
    case .crowd, .idle, .ending: 2
    case .procs, .shortage: 4
    case .crowdedYields: AvailableCPUs.count() + 1
    default: 1
    }
  }

  var preempts: Bool { self != .latePoll && self != .lateTimer }
}

/// Keeps the P for this long, by the wall clock.
@inline(never)
private func keepP(milliseconds: UInt64) {
  let end = Clock.now &+ Clock.ticks(nanoseconds: milliseconds * 1_000_000)
  while Clock.now < end { mpg_relax() }
}

func run(_ program: Program) throws {
  switch program {
  case .queues: queues()
  case .crowd: crowd()
  case .hog: hog()
  case .calls: calls()
  case .idle: for _ in 0..<5 { MPG.sleep(.milliseconds(3)) }
  case .polls: try polls()
  case .procs: procs()
  case .shortage: shortage()
  case .loan: loan()
  case .latePoll: try latePoll()
  case .lateTimer: lateTimer()
  case .ending: ending()
  case .stackless: stackless()
  case .robbed: robbed()
  case .crowdedYields: crowdedYields()
  case .busyAndIdle: busyAndIdle()
  }
}

private func stackless() {
  let all = WaitGroup()
  all.add(20)
  cfault_arm(CFAULT_MADVISE, 1, 8, ENOMEM)
  for _ in 0..<20 {
    go {
      MPG.sleep(.milliseconds(5))
      all.done()
    }
  }
  all.wait()
  cfault_disarm()
}

/// A thief takes `runnext` between the owner's look at it and the owner's put. That moment is too short to be
/// hit, so this code plays the thief.
private func robbed() {
  let all = WaitGroup()
  all.add(1)
  go {}
  let m = enterRuntime("a test")
  let place = m.nextPlace
  let stolen = m.p.lrq.popNext()
  let g = m.newG({ all.done() }, #fileID, #function, #line)
  m.created(g, entry: 0, kind: .user, place)
  m.submitNext(g, place)
  if let stolen { m.pushLocal(stolen) }
  leaveRuntime()
  all.wait()
}

private func queues() {
  let (done, channel) = (WaitGroup(), Channel<Int>())
  done.add(4)
  withSpan(SpanLabel("a span")) { for _ in 0..<2 { go { done.done() } } }
  go {
    _ = channel.receive()
    done.done()
  }
  go {
    for _ in 0..<3 { yield() }
    done.done()
  }
  for _ in 0..<5 { yield() }
  channel.send(1)
  done.wait()
}

/// The netpoll thread stands by when a timer has woken it while the only P is busy.
private func busyAndIdle() {
  while unsafe !sched.netpoll.record.pointee.standby.load(ordering: .relaxed) {
    go { MPG.sleep(.milliseconds(1)) }
    yield()
    keepP(milliseconds: 3)
  }
}

/// Yields where there are more Ps than CPUs.
private func crowdedYields() {
  let all = WaitGroup()
  all.add(50)
  for _ in 0..<50 {
    go {
      for _ in 0..<20 { yield() }
      all.done()
    }
  }
  all.wait()
}

private func crowd() {
  for _ in 0..<20 {
    let all = WaitGroup()
    all.add(1500)
    for _ in 0..<1500 {
      go {
        for _ in 0..<200 { mpg_relax() }
        all.done()
      }
    }
    all.wait()
    MPG.sleep(.milliseconds(1))
  }
}

private func hog() {
  let (all, stop) = (WaitGroup(), Counter())
  all.add(1)
  go {
    // Nothing in this loop enters the runtime, so only the signal can stop the G.
    while stop.value == 0 { for _ in 0..<1000 { mpg_relax() } }
    all.done()
  }
  for _ in 0..<10 { MPG.sleep(.milliseconds(3)) }
  stop.add(1)
  all.wait()
}

private func calls() {
  for _ in 0..<3 {
    let (all, inside, seen) = (WaitGroup(), Counter(), Counter())
    all.add(1)
    go {
      // A call that ends only after its P has been taken and other Gs have run on that P, however late that
      // is.
      blocking {
        inside.add(1)
        while seen.value == 0 { _ = usleep(1_000) }
      }
      all.done()
    }
    while inside.value == 0 { yield() }
    seen.add(1)
    let end = Clock.now &+ Clock.ticks(nanoseconds: 10_000_000)
    while Clock.now < end { yield() }
    all.wait()
  }
}

private func polls() throws {
  for _ in 0..<5 {
    let (pipe, done) = (try Pipe(), WaitGroup())
    done.add(1)
    go {
      _ = try pipe.read()
      done.done()
    }
    while parked(.netpollRead) == 0 { yield() }
    pipe.write(7)
    done.wait()
    MPG.sleep(.milliseconds(2))
  }
}

private func procs() {
  let stop = Counter()
  for _ in 0..<8 { go { while stop.value == 0 { yield() } } }
  MPG.sleep(.milliseconds(5))
  setProcs(2)
  let end = Clock.now &+ Clock.ticks(nanoseconds: 5_000_000_000)
  while sched.psOpen > 2, Clock.now < end { MPG.sleep(.milliseconds(1)) }
  stop.add(1)
}

private func shortage() {
  cfault_arm(CFAULT_PTHREAD_CREATE, 1, 1 << 40, EAGAIN)
  let all = WaitGroup()
  all.add(200)
  for _ in 0..<200 {
    go {
      yield()
      all.done()
    }
  }
  all.wait()
  cfault_disarm()
}

/// Whether the calling G runs on loan, without a P.
@inline(never)
private func isOnLoan() -> Bool { currentM("a test").stop == .onLoan }

private func loan() {
  let (lock, held, all) = (ThreadLock(), Counter(), WaitGroup())
  all.add(2)
  go {
    lock.lock()
    held.add(1)
    // Until this G runs on loan. On a busy machine it may lose its P late.
    let end = Clock.now &+ Clock.ticks(nanoseconds: 60_000_000_000)
    while !isOnLoan(), Clock.now < end { keepP(milliseconds: 1) }
    lock.unlock()
    all.done()
  }
  while held.value == 0 { yield() }
  go {
    // As if the runtime itself needed the lock: in here, nobody can be preempted.
    _ = enterRuntime("a test")
    lock.lock()
    lock.unlock()
    leaveRuntime()
    all.done()
  }
  all.wait()
}

private func latePoll() throws {
  for _ in 0..<20 {
    MPG.sleep(.milliseconds(2))
    let (pipe, done) = (try Pipe(), Counter())
    go {
      _ = try pipe.read()
      done.add(1)
    }
    while parked(.netpollRead) == 0 { yield() }
    pipe.write(7)
    keepP(milliseconds: 10)
    while done.value == 0 { MPG.sleep(.milliseconds(1)) }
  }
}

private func lateTimer() {
  for _ in 0..<20 {
    let done = Counter()
    go {
      MPG.sleep(.milliseconds(2))
      done.add(1)
    }
    while parked(.sleep) == 0, done.value == 0 { yield() }
    keepP(milliseconds: 12)
    while done.value == 0 { MPG.sleep(.milliseconds(1)) }
  }
}

private func ending() {
  let all = WaitGroup()
  all.add(30)
  for _ in 0..<30 {
    go {
      blocking { _ = usleep(50_000) }
      all.done()
    }
  }
  all.wait()
  // Also stacks of a crowd, which the gc thread then gives back.
  let (gate, crowd) = (Channel<Void>(), WaitGroup())
  crowd.add(3000)
  for _ in 0..<3000 {
    go {
      _ = gate.receive()
      crowd.done()
    }
  }
  while parked(.chanReceive) < 3000 { yield() }
  gate.close()
  crowd.wait()
  for _ in 0..<40 { MPG.sleep(.milliseconds(200)) }
}
