// The guard below a stack. No frame, however large and whoever compiled it, gets past the guard, and the
// crash names the goroutine that ran.
import CFaults
import CFrames
import CMPG
import Glibc
import TestSupport
import Testing

@testable import MPG

/// In a child process: the stack of the running G.
///
/// Safe because: this value lives no longer than its G, and the G keeps the stack as long.
@safe private struct Place {
  /// The lowest byte that may be used.
  let low: UnsafePointer<CChar>

  init() {
    guard let stack = unsafe currentM("a test").g?.record.pointee.stack else { exit(1) }
    unsafe low = UnsafePointer((stack + StackSize.guardBytes).assumingMemoryBound(to: CChar.self))
  }

  func leap(_ left: Int, _ size: Int) { unsafe _ = cframes_leap(low, left, size) }
}

@Suite("Guards of stacks")
struct StackGuardTests {
  @Test("the guard is a quarter of the stack and a page, in whole pages, and no more than 2 MiB")
  func sizes() {
    let page = SystemCall.pageBytes
    for (kibibytes, stride, guardBytes) in [
      (32, 32 << 10, (8 << 10) + page), (256, 256 << 10, (64 << 10) + page),
      (300, 512 << 10, (128 << 10) + page), (16_384, 16 << 20, 2 << 20),
    ] where page == 4096 {
      StackSize.set(kibibytes: kibibytes)
      #expect(StackSize.stride == stride)
      #expect(StackSize.guardBytes == guardBytes)
    }
    #expect(StackSize.guardBytes % page == 0)
  }

  @Test(
    "frames of every size up to that of the guard end in a fault, wherever they begin",
    arguments: [64, 256, 2048],
    [false, true])
  func frames(stackKiB: Int, hasMarkers: Bool) async {
    await #expect(processExitsWith: .success) {
      [stackKiB = stackKiB as Int, hasMarkers = hasMarkers as Bool] in
      if !hasMarkers { cfault_arm(CFAULT_MADVISE, 1, 1, EINVAL) }  // as a kernel before Linux 6.13
      var options = Options(procs: 1)
      options.stackKiB = stackKiB
      MPG.main(options) {
        go {
          let place = Place()
          let most = StackSize.guardBytes - 4096
          for size in stride(from: 4096, through: most, by: max(1000, most / 40)) + [most] {
            for left in [300, 1000, 3000] {
              // A forked child has the same guards, and costs a thousandth of an exit test.
              let child = forked { place.leap(left, size) }
              var status: Int32 = 0
              check(unsafe waitpid(child ?? 0, &status, 0) == child, "a child to wait for")
              checkEqual(
                status & 0x7f, SIGSEGV,
                "the end of a frame of \(size) bytes that begins \(left) above the guard")
            }
          }
          exit(0)
        }
        MPG.sleep(.seconds(60))
      }
    }
  }

  @Test("who leaps over the guard into that of another stack is named, and the other is not")
  func guilty() async {
    let result = await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]) {
      inRuntime(procs: 1) {
        // Gs on the neighbouring stacks, whose guards a leap could hit.
        for _ in 0..<40 { go { MPG.sleep(.seconds(60)) } }
        yield()
        go { Place().leap(300, StackSize.stride + 8192) }
        MPG.sleep(.seconds(60))
      }
    }
    #expect(
      standardError(of: result).contains(
        /mpg: goroutine 42 \(.* at StackGuardTests\.swift:\d+\): stack overflow, 256 KiB used/),
      "\(standardError(of: result))")
  }

  @Test("an overflow in C code is told as one in Swift")
  func inC() async {
    let result = await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]) {
      inRuntime(procs: 1) {
        go { Place().leap(300, 60 << 10) }
        MPG.sleep(.seconds(60))
      }
    }
    let words = standardError(of: result)
    #expect(words.contains(/mpg: goroutine 2 \(.*\): stack overflow, 256 KiB used/), "\(words)")
  }
}
