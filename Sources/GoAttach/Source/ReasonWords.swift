// The runtime's many words for why a G waits, and which of our reasons each of them is.
import Region

extension WaitReason {
  /// Our reason for one of Go's words. `none` is for waits of the runtime's own that have no reason here, such as those of
  /// the garbage collector.
  init(word: String) {
    switch word {
    case "IO wait": self = .netpollRead
    case "chan receive", "chan receive (nil chan)", "chan receive (synctest)": self = .chanReceive
    case "chan send", "chan send (nil chan)", "chan send (synctest)": self = .chanSend
    case "select", "select (no cases)", "select (synctest)": self = .select
    case "sleep": self = .sleep
    case "sync.WaitGroup.Wait", "sync.WaitGroup.Wait (synctest)": self = .waitGroup
    case "sync.Cond.Wait": self = .condition
    case "semacquire": self = .semaphore
    case let word where word.hasPrefix("sync.Mutex") || word.hasPrefix("sync.RWMutex"): self = .mutex
    default: self = .none
    }
  }
}

extension GState {
  /// The state for a status of Go's runtime; nil: the G is dead.
  init?(status: UInt8) {
    switch status {
    case 1: self = .runnable
    // 8: the M that runs the G copies its stack to another place.
    case 2, 8: self = .running
    case 3: self = .syscall
    // 10: the G waits, and the garbage collector has found that nothing can make it ready any more.
    case 4, 10: self = .waiting
    case 9: self = .preempted
    default: return nil
    }
  }
}
