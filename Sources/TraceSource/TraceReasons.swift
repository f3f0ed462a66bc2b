// Why a G waits, by the word of the trace and, where that says little, by its stack.
//
// Go's word for every lock of package sync is `sync`, and for every wait for a socket `network`. The stack tells which lock it
// is, and whether the G reads or writes. Without a stack a lock is a semaphore, which all of them are made of, and a socket is
// read from.
import GoTrace
import Host
import Region

/// Our reasons for Go's words, with those of the present generation at hand.
struct TraceReasons {
  private var known: [Key: WaitReason] = [:]
  private var preemptions: [UInt64: Bool] = [:]

  private struct Key: Hashable {
    var word, stack: UInt64
  }

  mutating func forgetIDs() { (known, preemptions) = ([:], [:]) }

  /// The reason of a wait. `none` stands for waits of Go's runtime that have no reason here.
  mutating func reason(_ word: UInt64, stack: UInt64, _ tables: TraceTables) -> WaitReason {
    let key = Key(word: word, stack: stack)
    if let found = known[key] { return found }
    let frames = tables.stack(stack)?.prefix(12).map(\.function) ?? []
    let reason = Self.reason(tables.string(word) ?? "", frames)
    known[key] = reason
    return reason
  }

  /// Whether the word for why a G stopped says that it was preempted.
  mutating func isPreemption(_ word: UInt64, _ tables: TraceTables) -> Bool {
    if let found = preemptions[word] { return found }
    let isPreemption = tables.string(word) == "preempted"
    preemptions[word] = isPreemption
    return isPreemption
  }

  static func reason(_ word: String, _ functions: [String]) -> WaitReason {
    func has(_ parts: String...) -> Bool {
      functions.contains { function in parts.contains { function.includes($0) } }
    }
    switch word {
    case "network":
      return has(".Write", ".Connect", ".connect") && !has(".Read", ".Accept") ? .netpollWrite : .netpollRead
    case "select": return .select
    case "chan send": return .chanSend
    case "chan receive": return .chanReceive
    case "sleep": return .sleep
    case "sync.(*Cond).Wait": return .condition
    case "sync":
      if has("sync.(*WaitGroup)") { return .waitGroup }
      return has("sync.(*Mutex)", "sync.(*RWMutex)") ? .mutex : .semaphore
    default: return .none
    }
  }
}
