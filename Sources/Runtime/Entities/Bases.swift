// Pointers to the tables of the one runtime of this process. The boot sets them once, before it starts any other
// thread. They never change afterwards, so plain loads suffice.
import CMPG
import Region

/// The region of this process; nil before the boot, and in a child after fork.
nonisolated(unsafe) var runtimeRegion: RegionFile?
/// The scheduler's private half; nil before the boot.
nonisolated(unsafe) var schedulerBase: UnsafeMutablePointer<SchedulerRecord>?
/// The private halves of all Gs, by slot.
nonisolated(unsafe) var gRecords: UnsafeMutablePointer<GRecord>?
/// The public halves of all Gs, by slot.
nonisolated(unsafe) var gBlocks: UnsafeMutableRawPointer?

/// The scheduler.
@inline(__always)
var sched: Scheduler { unsafe Scheduler(schedulerBase.unsafelyUnwrapped) }

/// The M of the calling thread. Ends the process with a message that names `what` when the caller is not a G.
@inline(__always)
func currentM(_ what: StaticString) -> M {
  guard let m = M.current else { refuseOutside(what) }
  return m
}
