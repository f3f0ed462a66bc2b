// Stacks as a profile that `go tool pprof` and everything else that reads pprof's format opens.
internal import Pprof

/// Makes a goroutine profile, in the form of `/debug/pprof/goroutine`.
public struct GoroutineProfile {
  private var (frames, stacks): (GoFrameCache, GoStacks)
  private var profile: ProfileWriter

  /// What the profile says of the program.
  public struct Program: Sendable {
    /// The path of the program's executable.
    public var path: String
    /// The build id of the program's executable; nil: unknown.
    public var buildID: String?
    /// When the stacks were read, in nanoseconds since 1970.
    public var time: UInt64

    /// Makes the description of a program for a profile.
    public init(path: String, buildID: String?, time: UInt64) {
      (self.path, self.buildID, self.time) = (path, buildID, time)
    }
  }

  private init(_ tables: GoTables, _ stacks: GoStacks) {
    (frames, self.stacks) = (GoFrameCache(tables), stacks)
    profile = ProfileWriter(values: [("goroutine", "count")])
  }

  /// The profile of goroutines, one sample for each different stack, state and set of labels. Goroutines without a known
  /// stack are in it with no frame but the reason, such as `[running]`.
  ///
  /// - Returns: The message, compressed by gzip as pprof's own files are, or as it is if this build has no zlib. pprof
  ///   reads both.
  public static func bytes(
    of listings: [GoStackListing], in stacks: GoStacks, tables: GoTables, program: Program
  ) -> [UInt8] {
    var profile = GoroutineProfile(tables, stacks)
    profile.write(listings)
    profile.profile.mapping(tables.text, path: program.path, buildID: program.buildID)
    return profile.profile.finished(time: program.time, period: ("goroutine", "count"))
  }

  /// The facts that all goroutines of one sample share.
  private struct Kind: Hashable {
    let stack: GoStackOutcome
    let state: String
    let labels: [String]
  }

  private mutating func write(_ listings: [GoStackListing]) {
    var (order, counts) = ([Kind](), [Kind: Int]())
    for listing in listings {
      let kind = Kind(
        stack: listing.stack, state: listing.state, labels: listing.labels.flatMap { [$0.key, $0.value] })
      if counts[kind] == nil { order.append(kind) }
      counts[kind, default: 0] += 1
    }
    for kind in order { sample(kind, count: counts[kind] ?? 0) }
  }

  private mutating func sample(_ kind: Kind, count: Int) {
    var ids: [UInt64] = []
    if case .stack(let number) = kind.stack, stacks.distinct.indices.contains(number) {
      ids = locations(of: stacks.distinct[number])
    }
    if ids.isEmpty { ids = [location([.unknown("[\(kind.state)]")])] }
    var labels = [(key: "state", value: kind.state)]
    for index in stride(from: 0, to: kind.labels.count - 1, by: 2) {
      labels.append((kind.labels[index], kind.labels[index + 1]))
    }
    profile.sample(ids, [UInt64(count)], labels: labels)
  }

  /// The locations of a stack, the innermost first: one for each pc.
  private mutating func locations(of stack: GoStack) -> [UInt64] {
    var (ids, together) = ([UInt64](), [GoFrame]())
    for frame in frames.frames(of: stack) {
      together.append(frame)
      // Of the frames at one pc, the last is the one that is not inlined.
      guard !frame.isInlined else { continue }
      ids.append(location(together))
      together = []
    }
    if !together.isEmpty { ids.append(location(together)) }
    return ids
  }

  private mutating func location(_ frames: [GoFrame]) -> UInt64 {
    let lines = frames.map {
      ProfileWriter.Line(
        function: $0.function, file: $0.file ?? "", startLine: $0.startLine ?? 0, line: $0.line ?? 0)
    }
    return profile.location(pc: frames[0].pc, lines, isInMapping: frames[0].pc != 0)
  }
}

extension GoFrame {
  fileprivate static func unknown(_ name: String) -> GoFrame {
    GoFrame(
      function: name, file: nil, line: nil, startLine: nil, isInlined: false, pc: 0, offset: 0,
      isMachinery: false, traits: [])
  }
}
