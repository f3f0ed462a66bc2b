// Where the tables of the one runtime of this process lie. Set once at boot, before any other thread starts, and
// constant from then on; so plain loads suffice.
import CMPG
import Region

/// The region of this process; nil before the boot, and in a child of fork.
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

/// The M of this thread. Traps, with words, when the caller is not a G.
@inline(__always)
func currentM(_ what: StaticString) -> M {
  guard let m = M.current else { refuseOutside(what) }
  return m
}
