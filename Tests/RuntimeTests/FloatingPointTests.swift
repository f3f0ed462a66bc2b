// The mode of floating point is a G's own. scripts/aarch64 has the same for that machine, instruction by instruction.
import Glibc
import Testing

@testable import MPG

@Suite("Floating point")
struct FloatingPointTests {
  @Test("a G that sets how to round finds it so after a park, and no other G does")
  func rounding() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (turn, done) = (Channel<Void>(), Channel<Int32>())
        go {
          fesetround(Int32(FE_TOWARDZERO))
          turn.receive()
          done.send(fegetround())
        }
        yield()  // it has set its mode, and waits
        checkEqual(fegetround(), Int32(FE_TONEAREST), "the main G's mode")
        turn.send(())
        checkEqual(done.receive(), Int32(FE_TOWARDZERO), "its mode after the wait")
        let fresh = Channel<Int32>()
        go { fresh.send(fegetround()) }
        checkEqual(fresh.receive(), Int32(FE_TONEAREST), "the mode of a new G")
      }
    }
  }
}
