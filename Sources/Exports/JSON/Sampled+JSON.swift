// What is known only of a scheduler that is sampled, as JSON.
import Observed

extension Snapshot.Sampled? {
  func writeMembers(to json: inout JSONText) {
    json.member("looks", self?.looks)
    json.member("look_ns", self?.lookTime)
    json.key("grq_mean")
    if let mean = self?.grqMean { json.value(mean, decimals: 3) } else { json.null() }
    json.key("waits")
    if let waits = self?.waits {
      json.object { json in
        for (word, count) in waits.sorted(by: { $0.key < $1.key }) { json.member(word, count) }
      }
    } else {
      json.null()
    }
    json.member("system_gs", self?.systemGs)
    json.member("run_latency", object: { (self?.runLatency).writeMembers(to: &$0) })
    json.member("mutex_wait_ns", self?.mutexWait)
    json.member("stops_for_gc", self?.stopsForGC)
    json.member("other_stops", self?.otherStops)
    json.member("gc_phase", self?.gcPhase)
    json.member("heap_live", self?.heapLive)
    json.member("heap_goal", self?.heapGoal)
  }
}

extension Snapshot.Latency? {
  fileprivate func writeMembers(to json: inout JSONText) {
    json.member("count", self?.count)
    json.member("p50_ns", self?.p50)
    json.member("p90_ns", self?.p90)
    json.member("p99_ns", self?.p99)
    json.member("max_ns", self?.max)
  }
}
