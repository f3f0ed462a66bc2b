// Writes profiles in pprof's form (profile.proto): samples of stacks, each with its values, and what the stacks refer to.
//
// Strings, functions and locations are written once and referred to by numbers, so that a sample takes some bytes.

/// A profile that grows sample by sample.
package struct ProfileWriter {
  /// One function of a location, which may hold several that are inlined in each other.
  package struct Line: Hashable {
    package var function: String
    package var file: String
    package var startLine: Int
    package var line: Int

    package init(function: String, file: String, startLine: Int = 0, line: Int) {
      (self.function, self.file, self.startLine, self.line) = (function, file, startLine, line)
    }
  }

  /// What a value counts, and its unit: `("delay", "nanoseconds")`.
  package typealias ValueType = (name: String, unit: String)

  private var strings = ["": 0]
  private var texts = [""]
  private var functions: [Function: UInt64] = [:]
  private var locations: [Location: UInt64] = [:]
  private var message = ProtobufWriter()

  private struct Function: Hashable {
    let name, file: Int
    let startLine: Int
  }

  private struct Location: Hashable {
    let pc: UInt64
    let lines: [Line]
  }

  /// - Parameter values: what the values of each sample are, in their order.
  package init(values: [ValueType]) {
    for value in values { write(value, field: 1) }
  }

  private mutating func write(_ value: ValueType, field: Int) {
    let type = (string(value.name), string(value.unit))
    message.message(field) {
      $0.number(1, type.0)
      $0.number(2, type.1)
    }
  }

  /// Adds a sample.
  ///
  /// - Parameters:
  ///   - locations: the numbers of the locations of its stack (`location`), the innermost first.
  ///   - labels: the sample's labels, each a key with a text.
  package mutating func sample(
    _ locations: [UInt64], _ values: [UInt64], labels: [(key: String, value: String)] = []
  ) {
    let labels = labels.map { (string($0.key), string($0.value)) }
    message.message(2) { sample in
      sample.numbers(1, locations)
      sample.numbers(2, values)
      for (key, value) in labels {
        sample.message(3) {
          $0.number(1, key)
          $0.number(2, value)
        }
      }
    }
  }

  /// Returns the number by which samples refer to a location, and writes the location if it is new.
  ///
  /// - Parameter lines: its functions: the innermost first, and the one that is not inlined last.
  package mutating func location(pc: UInt64, _ lines: [Line], isInMapping: Bool = false) -> UInt64 {
    let key = Location(pc: pc, lines: lines)
    if let known = locations[key] { return known }
    let id = UInt64(locations.count + 1)
    locations[key] = id
    let numbers = lines.map { (function($0), $0.line) }
    message.message(4) { location in
      location.number(1, id)
      if isInMapping { location.number(2, 1 as UInt64) }
      location.number(3, pc)
      for (function, line) in numbers {
        location.message(4) {
          $0.number(1, function)
          $0.number(2, line)
        }
      }
    }
    return id
  }

  private mutating func function(_ line: Line) -> UInt64 {
    let key = Function(name: string(line.function), file: string(line.file), startLine: line.startLine)
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

  /// Writes which executable the locations are in, and that it needs no symbolizing: functions, files, lines and
  /// inlined frames are known.
  package mutating func mapping(_ addresses: Range<UInt64>, path: String, buildID: String?) {
    let (path, build) = (string(path), buildID.map { string($0) } ?? 0)
    message.message(3) {
      $0.number(1, 1 as UInt64)
      $0.number(2, addresses.lowerBound)
      $0.number(3, addresses.upperBound)
      $0.number(5, path)
      $0.number(6, build)
      for field in 7...10 { $0.number(field, 1 as UInt64) }
    }
  }

  /// Ends the profile.
  ///
  /// - Parameters:
  ///   - time: when the profile was taken, in nanoseconds since 1970; nil: not known.
  ///   - duration: the length of the time that the profile is about, in nanoseconds; nil: it is about one moment.
  ///   - period: the kind of events that were sampled, and their unit. The period itself is 1.
  /// - Returns: the message, packed by gzip as pprof's own files are, or as it is if this build has no zlib. pprof reads both.
  package consuming func finished(time: UInt64?, duration: UInt64? = nil, period: ValueType) -> [UInt8] {
    let type = (string(period.name), string(period.unit))
    for text in texts { message.text(6, text) }
    if let time { message.number(9, time) }
    if let duration { message.number(10, duration) }
    message.message(11) {
      $0.number(1, type.0)
      $0.number(2, type.1)
    }
    message.number(12, 1 as UInt64)
    return Gzip.compressed(message.bytes) ?? message.bytes
  }
}
