// A profile of waiting as a file that `go tool pprof` opens, in the form of those that `go tool trace -pprof=` writes.
internal import Pprof

extension TraceProfile {
  /// The profile in pprof's form, packed by gzip if this build has zlib: for each stack how many waits there were
  /// (`contentions`) and how long they were (`delay`).
  ///
  /// - Parameters:
  ///   - time: when the trace began, in nanoseconds since 1970; nil: not known.
  ///   - duration: how long the trace is, in nanoseconds; nil: not known.
  public func pprof(time: UInt64?, duration: UInt64?) -> [UInt8] {
    var writer = ProfileWriter(values: [("contentions", "count"), ("delay", "nanoseconds")])
    for sample in sorted {
      var locations = sample.frames.map { frame in
        writer.location(
          pc: frame.pc, [.init(function: frame.function, file: frame.file, line: Int(clamping: frame.line))])
      }
      if locations.isEmpty {
        locations = [writer.location(pc: 0, [.init(function: "[no stack told]", file: "", line: 0)])]
      }
      writer.sample(locations, [sample.count, UInt64(clamping: sample.time)])
    }
    return writer.finished(time: time, duration: duration, period: ("trace", "count"))
  }
}
