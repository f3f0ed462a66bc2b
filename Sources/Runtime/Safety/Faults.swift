// Faults: a stack that overflowed, a trap, a bad access. The process ends as it would have without us. Before that, one
// line says which goroutine it was, and the region is marked as crashed and left behind as a black box, which mpgtop
// can read.
import CMPG
import Glibc
import Region

enum Faults {
  /// Installs the handlers, at boot. They call the handlers that were there before (Swift's backtracer, the tests'
  /// own).
  static func install() {
    let error = unsafe mpg_fault_install { signal, address, sp, m in
      if mpg_is_child() { return unsafe Fork.reportTouch(address) }
      unsafe runtimeRegion?.markEnd(.crashed, status: UInt64(signal))
      guard let m = unsafe m else { return }
      let place = (address: UInt(bitPattern: address), sp: UInt(bitPattern: sp))
      unsafe Faults.report(signal, place, M(m.assumingMemoryBound(to: MRecord.self)))
    }
    if error != 0 { fatal("sigaction: \(errnoName(error))") }
    mpg_alternate_stack()
  }

  /// Writes one line that says which G faulted, and how. Called in the signal handler: allocates nothing.
  private static func report(_ signal: Int32, _ place: (address: UInt, sp: UInt), _ m: M) {
    guard let g = m.g else { return }
    PlainText.line { text in
      text.add("mpg: ")
      text.add(g)
      if overflowed(g, place) {
        text.add(": stack overflow, ")
        text.add(UInt64(StackSize.stride / 1024))
        text.add(" KiB used")
      } else {
        text.add(": ")
        text.add(name(of: signal))
        text.add(", on M")
        text.add(UInt64(m.id))
      }
    }
  }

  /// Whether `g`, which runs on the thread that faulted, has overflowed its stack. Either it hit the guard below its
  /// stack; or, with a frame larger than that guard, it skipped the guard and hit that of another stack. Then too `g`
  /// is the cause.
  private static func overflowed(_ g: G, _ place: (address: UInt, sp: UInt)) -> Bool {
    guard let stack = unsafe g.record.pointee.stack else { return false }
    let low = UInt(bitPattern: stack)
    let first = low + UInt(StackSize.guardBytes)
    if (low..<first).contains(place.address) { return true }
    let isOutside = place.sp < first || place.sp > low + UInt(StackSize.stride)
    return isOutside && sched.stacks.isGuard(place.address)
  }

  private static func name(of signal: Int32) -> StaticString {
    switch signal {
    case SIGSEGV: "a bad access (SIGSEGV)"
    case SIGBUS: "a bad access (SIGBUS)"
    case SIGILL, SIGTRAP: "a trap"
    case SIGFPE: "a bad calculation (SIGFPE)"
    case SIGABRT: "abort was called"
    default: "a fatal signal"
    }
  }
}
