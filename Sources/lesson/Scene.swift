// The list of all scenes by name, and the code of the scenes of lessons 1 to 5. What each lesson asks about its
// scene stands in module Lessons.

import ArgumentParser
import MPG

/// A situation that mpg-lesson plays. The raw value is the lesson's number; lesson 12 has five situations, 12a to
/// 12e.
enum Scene: String, CaseIterable, ExpressibleByArgument {
  case workers = "1"
  case boot = "2"
  case spawn = "3"
  case overflow = "4"
  case sixtyOne = "5"
  case steal = "6"
  case spinning = "7"
  case handOff = "8"
  case call = "9"
  case netpoll = "10"
  case hog = "11"
  case slowByHog = "12a"
  case slowByCrowd = "12b"
  case slowByCall = "12c"
  case slowByLock = "12d"
  case slowByPeer = "12e"

  func play(_ cast: Cast) throws {
    switch self {
    case .workers: playWorkers(cast)
    case .boot: break  // the boot is over before the scene begins
    case .spawn: playSpawn(cast)
    case .overflow: playOverflow(cast)
    case .sixtyOne: playSixtyOne(cast)
    case .steal: playSteal(cast)
    case .spinning: playSpinning(cast)
    case .handOff: playHandOff(cast)
    case .call: playCall(cast)
    case .netpoll: try playNetpoll(cast)
    case .hog: playHog(cast)
    case .slowByHog, .slowByCrowd, .slowByCall, .slowByLock, .slowByPeer: playSlowRequest(cast)
    }
  }
}

/// The main G spawns three Gs for each P. All of them stay ready to run until the next line of the program's
/// input comes.
private func playWorkers(_ cast: Cast) {
  cast.door.wait()
  cast.marks.begin()
  let (isOver, all) = (Count(), WaitGroup())
  all.add(3 * cast.procs)
  for _ in 0..<(3 * cast.procs) {
    go {
      while isOver.value == 0 { yield() }
      all.done()
    }
  }
  cast.marks.ready()
  cast.door.wait()
  isOver.add()
  all.wait()
  cast.marks.done()
}

/// The main G spawns three Gs, one after the other, and then waits for them.
private func playSpawn(_ cast: Cast) {
  cast.door.wait()
  cast.marks.begin()
  let all = WaitGroup()
  all.add(3)
  go { all.done() }
  go { all.done() }
  go { all.done() }
  cast.marks.ready()
  all.wait()
  cast.marks.done()
}

/// The main G spawns 257 Gs: one stands in `runnext` and 256 on the LRQ. Then it spawns one more.
private func playOverflow(_ cast: Cast) {
  cast.door.wait()
  cast.marks.begin()
  let all = WaitGroup()
  all.add(258)
  for _ in 0..<257 { go { all.done() } }
  cast.marks.ready()
  go { all.done() }
  cast.marks.done()
  all.wait()
}

/// Two Gs hand each other the P, while others wait on its LRQ and on the GRQ.
private func playSixtyOne(_ cast: Cast) {
  let (there, back, all) = (Channel<Int>(), Channel<Int>(), WaitGroup())
  go { while let value = there.receive() { back.send(value) } }
  there.send(0)
  _ = back.receive()
  cast.door.wait()
  cast.marks.begin()
  all.add(260)
  for _ in 0..<260 { go { all.done() } }
  cast.marks.ready()
  for round in 0..<100 {
    there.send(round)
    _ = back.receive()
  }
  cast.marks.done()
  there.close()
  all.wait()
}
