// Stacks as a profile that `go tool pprof` and everything else that reads pprof's format opens: profile.proto.

/// Makes a goroutine profile, in the form of `/debug/pprof/goroutine`.
public struct GoroutineProfile {
  private var (frames, stacks): (GoFrameCache, GoStacks)
  private var strings = ["": 0]
  private var texts = [""]
  private var functions: [Function: UInt64] = [:]
  private var locations: [Location: UInt64] = [:]
  private var message = ProtobufWriter()

  private struct Function: Hashable {
    let name, file: Int
    let startLine: Int
  }

  /// Frames that are inlined in each other are one location.
  private struct Location: Hashable {
    let pc: UInt64
    let lines: [Line]
  }

  private struct Line: Hashable {
    let function: UInt64
    let line: Int
  }

  /// What the profile says of the program.
  public struct Program: Sendable {
    /// The path of the program's executable.
    public var path: String
    /// The build id of the program's executable; nil: unknown.
    public var buildID: String?
    /// When the stacks were read, in nanoseconds since 1970.
    public var time: UInt64

    /// A program, as a profile names it.
    public init(path: String, buildID: String?, time: UInt64) {
      (self.path, self.buildID, self.time) = (path, buildID, time)
    }
  }

  private init(_ tables: GoTables, _ stacks: GoStacks) {
    (frames, self.stacks) = (GoFrameCache(tables), stacks)
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
    profile.write(listings, tables: tables, program: program)
    return Gzip.compressed(profile.message.bytes) ?? profile.message.bytes
  }

  /// The facts that all goroutines of one sample share.
  private struct Kind: Hashable {
    let stack: GoStackOutcome
    let state: String
    let labels: [String]
  }

  private mutating func write(_ listings: [GoStackListing], tables: GoTables, program: Program) {
    let type = (string("goroutine"), string("count"))
    message.message(1) { $0.valueType(type) }
    var (order, counts) = ([Kind](), [Kind: Int]())
    for listing in listings {
      let kind = Kind(
        stack: listing.stack, state: listing.state, labels: listing.labels.flatMap { [$0.key, $0.value] })
      if counts[kind] == nil { order.append(kind) }
      counts[kind, default: 0] += 1
    }
    for kind in order { sample(kind, count: counts[kind] ?? 0) }
    let (path, build) = (string(program.path), program.buildID.map { string($0) } ?? 0)
    message.message(3) {
      $0.number(1, 1 as UInt64)
      $0.number(2, tables.text.lowerBound)
      $0.number(3, tables.text.upperBound)
      $0.number(5, path)
      $0.number(6, build)
      // Functions, files, lines and inlined frames are known.
      for field in 7...10 { $0.number(field, 1 as UInt64) }
    }
    for text in texts { message.text(6, text) }
    message.number(9, program.time)
    message.message(11) { $0.valueType(type) }
    message.number(12, 1 as UInt64)
  }

  private mutating func sample(_ kind: Kind, count: Int) {
    var ids: [UInt64] = []
    if case .stack(let number) = kind.stack, stacks.distinct.indices.contains(number) {
      ids = locations(of: stacks.distinct[number])
    }
    if ids.isEmpty { ids = [location([.unknown("[\(kind.state)]")])] }
    var labels = [(string("state"), string(kind.state))]
    for index in stride(from: 0, to: kind.labels.count - 1, by: 2) {
      labels.append((string(kind.labels[index]), string(kind.labels[index + 1])))
    }
    message.message(2) { sample in
      sample.numbers(1, ids)
      sample.numbers(2, [UInt64(count)])
      for (key, value) in labels {
        sample.message(3) {
          $0.number(1, key)
          $0.number(2, value)
        }
      }
    }
  }

  /// The locations of a stack, the innermost first: one for each pc.
  private mutating func locations(of stack: GoStack) -> [UInt64] {
    var (ids, together) = ([UInt64](), [GoFrame]())
    for frame in frames.frames(of: stack) {
      together.append(frame)
      // The frame that is not inlined is the last of its pc.
      guard !frame.isInlined else { continue }
      ids.append(location(together))
      together = []
    }
    if !together.isEmpty { ids.append(location(together)) }
    return ids
  }

  private mutating func location(_ frames: [GoFrame]) -> UInt64 {
    let lines = frames.map { Line(function: function($0), line: $0.line ?? 0) }
    let key = Location(pc: frames[0].pc, lines: lines)
    if let known = locations[key] { return known }
    let id = UInt64(locations.count + 1)
    locations[key] = id
    message.message(4) { location in
      location.number(1, id)
      if key.pc != 0 { location.number(2, 1 as UInt64) }
      location.number(3, key.pc)
      for line in lines {
        location.message(4) {
          $0.number(1, line.function)
          $0.number(2, line.line)
        }
      }
    }
    return id
  }

  private mutating func function(_ frame: GoFrame) -> UInt64 {
    let key = Function(
      name: string(frame.function), file: string(frame.file ?? ""), startLine: frame.startLine ?? 0)
    if let known = functions[key] { return known }
    let id = UInt64(functions.count + 1)
    functions[key] = id
    message.message(5) {
      $0.number(1, id)
      $0.number(2, key.name)
      $0.number(3, key.name)
      $0.number(4, key.file)
      $0.number(5, key.startLine)
    }
    return id
  }

  private mutating func string(_ text: String) -> Int {
    if let known = strings[text] { return known }
    strings[text] = texts.count
    texts.append(text)
    return texts.count - 1
  }
}

extension ProtobufWriter {
  fileprivate mutating func valueType(_ type: (Int, Int)) {
    number(1, type.0)
    number(2, type.1)
  }
}

extension GoFrame {
  fileprivate static func unknown(_ name: String) -> GoFrame {
    GoFrame(
      function: name, file: nil, line: nil, startLine: nil, isInlined: false, pc: 0, offset: 0,
      isMachinery: false, traits: [])
  }
}
