// The scenes of lesson 12: one request is slow, each time for another reason. They run on one P, without preemption.

import Glibc
import MPG

/// How long the request is held up, in milliseconds. This is longer than a busy machine holds up a thread.
private let length: UInt64 = 150

extension Scene {
  func playSlowRequest(_ cast: Cast) {
    let label = SpanLabel("GET /report")
    let (all, answer, lock, pipe) = (WaitGroup(), Channel<Int>(), Mutex(), Pipe())
    cast.door.wait()
    cast.marks.begin()
    all.add(1)
    switch self {
    case .slowByCrowd: crowd(all)
    case .slowByLock: hold(lock, all)
    default: break
    }
    let scene = self
    go {
      withSpan(label) { scene.serve(answer, lock, pipe) }
      all.done()
    }
    yield()  // until the request waits
    switch self {
    case .slowByHog:
      answer.send(1)
      compute(milliseconds: length)
    case .slowByPeer:
      MPG.sleep(.milliseconds(Int(length)))
      pipe.put()
    default: break
    }
    all.wait()
    cast.marks.done()
  }

  /// The work of the request, in its own G.
  private func serve(_ answer: Channel<Int>, _ lock: Mutex, _ pipe: Pipe) {
    switch self {
    case .slowByHog: _ = answer.receive()
    case .slowByCrowd: yield()
    case .slowByCall: blocking { _ = usleep(UInt32(length) * 1000) }
    case .slowByLock: lock.withLock {}
    default: listen(pipe)
    }
  }

  private func listen(_ pipe: Pipe) {
    _ = fcntl(pipe.reading, F_SETFL, O_NONBLOCK)
    guard let pollable = try? Pollable(fd: pipe.reading) else { return }
    var byte: UInt8 = 0
    while unsafe read(pipe.reading, &byte, 1) < 0, errno == EAGAIN { try? pollable.wait(.read) }
  }

  /// Spawns many Gs that each compute for a little while.
  private func crowd(_ all: WaitGroup) {
    all.add(Int(length) / 2)
    for _ in 0..<(length / 2) {
      go {
        compute(milliseconds: 2)
        all.done()
      }
    }
  }

  /// Spawns a G that takes the lock and keeps it while it sleeps.
  private func hold(_ lock: Mutex, _ all: WaitGroup) {
    all.add(1)
    go {
      lock.withLock { MPG.sleep(.milliseconds(Int(length))) }
      all.done()
    }
    yield()  // until that G has the lock
  }
}
