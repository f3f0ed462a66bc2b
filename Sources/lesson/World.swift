// The scenes of lessons 9 to 11: what a blocking call, many connections and a hog do to threads.

import Glibc
import MPG

/// A G blocks its thread in a system call, while other Gs want to run. The call returns when the next line of
/// the program's input comes.
func playCall(_ cast: Cast) {
  cast.door.wait()
  cast.marks.begin()
  let (isOver, returned, all, pipe) = (Count(), Count(), WaitGroup(), Pipe())
  all.add(1 + 2 * cast.procs)
  go {
    blocking { pipe.take() }
    returned.add()
    all.done()
  }
  for _ in 0..<(2 * cast.procs) {
    go {
      while isOver.value == 0 { yield() }
      all.done()
    }
  }
  cast.marks.ready()
  cast.door.wait()
  pipe.put()
  while returned.value == 0 { yield() }
  isOver.add()
  all.wait()
  cast.marks.done()
}

/// Makes as many connections as the system allows, at most 10,000, each with a G that waits for a byte. Then one
/// byte comes.
func playNetpoll(_ cast: Cast) throws {
  let (near, far) = connections()
  let came = Channel<Int>()
  for fd in near {
    let pollable = try Pollable(fd: fd)
    go {
      var byte: UInt8 = 0
      while unsafe read(fd, &byte, 1) < 0, errno == EAGAIN { try pollable.wait(.read) }
      came.send(Int(fd))
    }
  }
  cast.door.wait()
  cast.marks.begin()
  cast.marks.ready()
  var byte: UInt8 = 1
  _ = unsafe write(far[far.count / 2], &byte, 1)
  _ = came.receive()
  cast.marks.done()
}

/// The two ends of connections inside this process.
private func connections() -> (near: [Int32], far: [Int32]) {
  var limit = rlimit()
  let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  if unsafe getrlimit(resource, &limit) == 0 {
    limit.rlim_cur = limit.rlim_max
    unsafe setrlimit(resource, &limit)
  }
  let room = Int(clamping: limit.rlim_cur)
  var (near, far): ([Int32], [Int32]) = ([], [])
  let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
  for _ in 0..<min(10_000, max(1, (room - 64) / 2)) {
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { break }
    near.append(ends[0])
    far.append(ends[1])
  }
  return (near, far)
}

/// Runs a hog on every P, and spawns one G that wants to run. The hogs compute until that G has run. Without
/// preemption nothing stops a hog, so they compute until they have used up their CPU time.
func playHog(_ cast: Cast) {
  cast.door.wait()
  cast.marks.begin()
  let limit: UInt64 = Options().preemption ? 20_000_000_000 : 50_000_000
  let (started, isArmed, ran, all) = (Count(), Count(), Count(), WaitGroup())
  all.add(cast.procs)
  for _ in 1..<max(2, cast.procs) where cast.procs > 1 {
    go {
      started.add()
      while isArmed.value == 0 {}
      hog(limit, until: ran)
      all.done()
    }
  }
  // If there are more Ps than CPUs, the threads of the other hogs may wait long for a CPU. A loop that only yielded
  // would fill the ring with events meanwhile, so the loop also computes.
  while started.value < cast.procs - 1 {
    hog(50_000, until: started, beyond: cast.procs - 2)
    yield()
  }
  cast.marks.ready()
  go {
    ran.add()
    all.done()
  }
  isArmed.add()
  hog(limit, until: ran)
  cast.marks.next()
  all.wait()
  cast.marks.done()
}

/// Computes until `count` is more than `least`, or until the thread has used `limit` more nanoseconds of CPU
/// time.
@inline(never)
private func hog(_ limit: UInt64, until count: Count, beyond least: Int = 0) {
  let end = cpuTime() + limit
  while count.value <= least, cpuTime() < end {}
}
