// Each G has its own floating-point mode. scripts/aarch64 tests the same for that machine, instruction by
// instruction.
import Glibc
import TestSupport
import Testing

@testable import MPG

/// `FE_TOWARDZERO` and `FE_TONEAREST`, which Swift's Glibc defines twice.
#if arch(x86_64)
  private let towardsZero: Int32 = 0xc00
#else
  private let towardsZero: Int32 = 3 << 22
#endif
private let toNearest: Int32 = 0

@Suite("Floating point")
struct FloatingPointTests {
  @Test("a G that sets how to round finds it so after a park, and no other G does")
  func rounding() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (turn, done) = (Channel<Void>(), Channel<Int32>())
        go {
          fesetround(towardsZero)
          turn.receive()
          done.send(fegetround())
        }
        yield()  // the G has set its mode and waits
        checkEqual(fegetround(), toNearest, "the main G's mode")
        turn.send(())
        checkEqual(done.receive(), towardsZero, "its mode after the wait")
        let fresh = Channel<Int32>()
        go { fresh.send(fegetround()) }
        checkEqual(fresh.receive(), toNearest, "the mode of a new G")
      }
    }
  }
}
