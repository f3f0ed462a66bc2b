// Locks of the C library: sixteen Gs that print, or allocate, all the time. A G that is preempted while it holds such a lock
// keeps all others waiting in the kernel, each with its P.
import Glibc
import MPG
import Synchronization

extension Measure {
  static let convoys = [
    // One op is one line, printed to /dev/null.
    Measure(name: "print-16", procs: 2, operations: 2_000_000, preempts: true, run: printing),
    // One op allocates a piece of 1 to 60 KB, and frees another, which another G has allocated in most cases.
    Measure(name: "alloc-16", procs: 2, operations: 500_000, preempts: true, run: allocating),
  ]

  private static func printing(total: Int) {
    fflush(nil)
    let output = dup(STDOUT_FILENO)
    let nowhere = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
    precondition(output >= 0 && nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0, "cannot redirect stdout")
    let result = crowd(total) { for _ in 0..<8 { print("a line of text") } }
    fflush(nil)
    precondition(dup2(output, STDOUT_FILENO) >= 0, "cannot restore stdout")
    close(output)
    close(nowhere)
    result.report("print-16")
  }

  private static func allocating(total: Int) {
    let pieces = Pieces()
    crowd(total) { for _ in 0..<8 { pieces.exchangeOne() } }.report("alloc-16")
  }

  /// The time that a crowd of Gs took, and the longest stretch in which none of them made progress.
  private struct Result {
    let operations: Int
    let wall, cpu, stall: Int64

    func report(_ name: String) {
      Report.line(name, Double(wall) / Double(operations), "ns/op")
      Report.line(name + ".cpu", Double(cpu) / Double(operations), "ns/op")
      Report.line(name + ".stall", Double(stall) / 1_000_000, "ms")
    }
  }

  /// Runs sixteen Gs. Each of them calls `eight`, which does eight operations, again and again.
  private static func crowd(_ total: Int, eight: @escaping @Sendable () -> Void) -> Result {
    let gs = 16
    let rounds = max(1, total / gs / 8)
    let progress = Progress()
    let group = WaitGroup()
    group.add(gs)
    let (cpu, start) = (Clock.cpu(), Clock.wall())
    progress.start(start)
    for _ in 0..<gs {
      go {
        for _ in 0..<rounds {
          eight()
          progress.note(Clock.wall())
        }
        group.done()
      }
    }
    group.wait()
    return Result(
      operations: rounds * gs * 8, wall: Clock.wall() - start, cpu: Clock.cpu() - cpu, stall: progress.longest
    )
  }

  /// When a G last made progress, and the longest time between two such moments.
  private final class Progress: Sendable {
    private let last = Atomic<Int64>(0)
    private let most = Atomic<Int64>(0)
    var longest: Int64 { most.load(ordering: .relaxed) }
    func start(_ now: Int64) { last.store(now, ordering: .relaxed) }
    /// Notes progress at `now`. `last` only moves forward, because a G that was preempted just after it had read the clock
    /// brings an old time.
    func note(_ now: Int64) {
      most.max(now - last.max(now, ordering: .relaxed).oldValue, ordering: .relaxed)
    }
  }

  /// Places for pieces of memory. Any G puts a new piece into a place, and frees the piece that was there.
  private final class Pieces: Sendable {
    private let places = (0..<256).map { _ in Place() }
    private final class Place: Sendable { let address = Atomic<UInt>(0) }

    func exchangeOne() {
      guard let piece = unsafe malloc(Int.random(in: 1100...60_000)) else { return }
      unsafe memset(piece, 1, 64)
      let old = places[Int.random(in: 0..<256)].address.exchange(
        UInt(bitPattern: piece), ordering: .acquiringAndReleasing)
      unsafe free(UnsafeMutableRawPointer(bitPattern: old))
    }

    deinit {
      for place in places {
        unsafe free(UnsafeMutableRawPointer(bitPattern: place.address.load(ordering: .relaxed)))
      }
    }
  }
}
