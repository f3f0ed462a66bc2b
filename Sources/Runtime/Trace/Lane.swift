// A lane: where one writer accounts for what it does. A P has one, used by the M that holds it; an M has a small one
// for the time without a P. So every counter and every ring has exactly one writer.
import Region

struct Lane {
  let counters: Block<LaneField>
  let ring: RingWriter
}
