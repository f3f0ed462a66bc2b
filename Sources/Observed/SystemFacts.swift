// What the operating system tells of an observed process, where a source cannot ask for it: a
// stream brings it from the machine on which the process runs.
import Host

/// What the operating system tells of a process.
package struct SystemFacts: Equatable {
  /// How long the process's threads ran and waited for a CPU lately; nil: not known.
  package var pressure: CPUPressure?
  /// The limit of CPU time that holds for the process; nil: there is none, or it is not known.
  package var quota: CPUQuota?
  /// The process's threads, by their numbers in the process's own pid namespace.
  package var threads: [Int32: OSThread]

  package init(
    pressure: CPUPressure? = nil, quota: CPUQuota? = nil, threads: [Int32: OSThread] = [:]
  ) {
    (self.pressure, self.quota, self.threads) = (pressure, quota, threads)
  }
}
