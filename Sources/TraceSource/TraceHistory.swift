// A Go trace as a history: read part by part, so that what has come can be looked at while the rest is read.
internal import Glibc
import GoTrace
import History
import Host
import Observed
import Region

/// Reads a Go execution trace into a history. Not thread-safe: use it from one thread at a time; `history.copy()` may be handed
/// to another one.
public final class TraceHistory {
  /// The history as far as it was read.
  public let history: History
  /// What was read is called so in messages.
  public let name: String
  /// How many events of the trace were read.
  public private(set) var events: UInt64 = 0
  /// Whether all was read.
  public private(set) var isWhole = false

  private let limits: SegmentLimits
  /// So much of a long trace is kept in memory, in bytes.
  private static let inMemory = 96_000_000
  private var reader: TraceReader
  private var mapping: TraceMapping?
  private var part: [TraceEvent] = []
  /// The size of the file in bytes; nil: not known, as of what is packed or comes from a pipe.
  private let size: UInt64?

  /// Opens a trace.
  ///
  /// - Parameters:
  ///   - path: a file, a folder of a flight recorder's files, or `-` for standard input.
  ///   - isStrict: fails at the first damage, instead of going on with what is whole.
  /// - Throws: `InspectorError.badTrace` if this is no trace that can be read.
  public convenience init(path: String, isStrict: Bool = false) throws(InspectorError) {
    try self.init(path: path, isStrict: isStrict, SegmentLimits(inMemory: Self.inMemory))
  }

  init(path: String, isStrict: Bool = false, _ limits: SegmentLimits) throws(InspectorError) {
    self.limits = limits
    name = path == "-" ? "standard input" : path
    let isFolder = Self.isFolder(path)
    size = isFolder || path == "-" ? nil : Self.plainSize(path)
    let standard: Int32? = path == "-" ? try takeStandardInput() : nil
    do throws(TraceError) {
      if isFolder {
        reader = try TraceReader(folder: path, isStrict: isStrict)
      } else {
        let input: TraceInput
        if let standard {
          input = TraceInput(descriptor: standard, name: "standard input")
        } else {
          input = try TraceInput(path: path)
        }
        reader = try TraceReader(input, isStrict: isStrict)
      }
    } catch {
      throw .badTrace(path: path, reason: Self.words(error))
    }
    history = History(HistoryLimits(bytes: .max, duration: .max))
  }

  /// Reads some thousand events more.
  ///
  /// - Returns: whether there may be more.
  /// - Throws: `InspectorError.badTrace` if the file cannot be read any more, or is damaged and a strict reader was asked for.
  @discardableResult
  public func read() throws(InspectorError) -> Bool {
    guard !isWhole else { return false }
    var part: [TraceEvent] = []
    swap(&part, &self.part)
    let isMore: Bool
    do throws(TraceError) {
      isMore = try reader.next(into: &part)
    } catch {
      finish()
      throw .badTrace(path: name, reason: Self.words(error))
    }
    if isMore { take(part) } else { finish() }
    swap(&part, &self.part)
    return isMore
  }

  /// Reads all that is left.
  ///
  /// - Throws: the same as `read`.
  public func readAll() throws(InspectorError) { while try read() {} }

  private func take(_ part: [TraceEvent]) {
    let tables = reader.tables
    let start = UInt64(clamping: reader.generationStart)
    // The mapping is taken out while it changes, so that its arrays have one owner.
    var mapping =
      self.mapping.take()
      ?? TraceMapping(SegmentBuilder(history, name: String(shortName), start: max(1, start), limits))
    if reader.isGenerationStart {
      if reader.isAfterGap, events > 0 {
        mapping.builder.skip(to: max(start, mapping.builder.time), mapping.names)
        mapping.forget()
      } else {
        mapping.builder.publish(mapping.names, isGenerationOver: events > 0)
      }
      mapping.begin(tables.generation)
    }
    for event in part {
      if mapping.builder.isFull { mapping.builder.close(mapping.gs) }
      mapping.take(event, tables)
    }
    events += UInt64(part.count)
    mapping.builder.publish(mapping.names)
    self.mapping = mapping
  }

  /// A copy of the history as far as it was read, for another thread. Until the first generation was read, the copy has what came of
  /// that, too, marked as preliminary; nil: nothing has come that can be looked at.
  public func copy() -> History? {
    let copy = history.isEmpty ? mapping.map { $0.builder.preview($0.names) } : history.copy()
    return copy.flatMap { $0.isEmpty ? nil : $0 }
  }

  private var shortName: Substring { name.split(separator: "/").last ?? name[...] }

  private func finish() {
    isWhole = true
    guard var mapping = mapping.take() else { return }
    mapping.builder.finish(mapping.gs, mapping.names)
    part = []
  }

  // MARK: what is known of the reading

  /// What is damaged or missing, one sentence each; empty: nothing, as far as was read.
  public var warnings: [String] { reader.damage.sentences }

  /// The share of the file that was read, 0…1; nil: its size is not known.
  public var share: Double? {
    guard !isWhole else { return 1 }
    return size.map { min(1, Double(reader.offset) / Double(max(1, $0))) }
  }

  // MARK: which words mean a trace

  /// Whether a path is that of a trace, by the first bytes: a file that begins as a trace or as a gzip file does, a folder, or
  /// `-`.
  public static func isTrace(path: String) -> Bool {
    path == "-" || isFolder(path) || TraceInput.mayBeTrace(start: firstBytes(path))
  }

  private static func isFolder(_ path: String) -> Bool {
    (try? FileStatus(ofTarget: path))?.isDirectory ?? false
  }

  private static func plainSize(_ path: String) -> UInt64? {
    guard !TraceInput.isPacked(start: firstBytes(path)), let status = try? FileStatus(ofTarget: path) else {
      return nil
    }
    return status.isRegular ? UInt64(clamping: status.bytes) : nil
  }

  private static func firstBytes(_ path: String) -> [UInt8] {
    guard let file = try? FileDescriptor(reading: path, followsLink: true),
      (try? file.status())?.isRegular == true
    else { return [] }
    var bytes = [UInt8](repeating: 0, count: 8)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(file.raw, $0.baseAddress, $0.count, 0) }
    return Array(bytes.prefix(max(0, count)))
  }

  private static func words(_ error: TraceError) -> String {
    if case .cannotRead(_, let number) = error { return errnoText(number) }
    return error.description
  }
}
