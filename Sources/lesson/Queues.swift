// The scenes of lessons 6 to 8: what other Ps do about a queue, and how a channel hands a value over.

import MPG

/// The main G spawns 17 Gs: 16 stand on its P's LRQ and one in `runnext`. It goes on until a thief has run one
/// of them.
func playSteal(_ cast: Cast) {
  cast.door.wait()
  cast.marks.begin()
  let (ran, all) = (Count(), WaitGroup())
  all.add(17)
  for _ in 0..<17 {
    go {
      ran.add()
      all.done()
    }
  }
  cast.marks.ready()
  while ran.value == 0 { cast.marks.next() }
  cast.marks.done()
  all.wait()
}

/// The main G spawns six Gs in a row, while other Ps are idle.
func playSpinning(_ cast: Cast) {
  cast.door.wait()
  cast.marks.begin()
  let all = WaitGroup()
  all.add(6)
  cast.marks.ready()
  for _ in 0..<6 { go { all.done() } }
  cast.marks.next()
  all.wait()
  cast.marks.done()
}

/// A G waits for a value; two others stand on the queue when the value is sent.
func playHandOff(_ cast: Cast) {
  let (values, all) = (Channel<Int>(), WaitGroup())
  all.add(3)
  go {
    _ = values.receive()
    all.done()
  }
  cast.door.wait()
  cast.marks.begin()
  go { all.done() }
  go { all.done() }
  cast.marks.ready()
  values.send(1)
  cast.marks.next()
  all.wait()
  cast.marks.done()
}
