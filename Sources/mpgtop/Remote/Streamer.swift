// `mpgtop stream`: sends a source's gauges and events through standard output to another mpgtop.
//
// It never waits for its reader: while the reader is slow, it goes on draining the rings, and what there is no room for is
// lost (Sender §2). So standard output is written without blocking, and one call of `poll` waits for the reader, for
// questions, and for the time of the next drain.
internal import Glibc
import Inspector

struct Streamer {
  let options: StreamOptions

  func run(_ source: any SchedulerSource) throws(Failure) {
    guard isatty(STDOUT_FILENO) == 0 else {
      throw Failure(
        ExitCode.usage,
        "a stream is not for a terminal: mpgtop stream NAME | mpgtop -, or mpgtop --ssh HOST NAME")
    }
    let stop = StopSignals()
    var settings = SenderOptions()
    (settings.rate, settings.compresses, settings.answers) = (
      options.rate?.bytes, !options.plain, options.answer
    )
    settings.version = Options.configuration.version
    settings.isControlled = options.answer && Self.isControlled(source)
    let sender = Sender(source, settings)
    var (output, input) = (PacketOutput(), QuestionInput(isOpen: options.answer))
    defer { output.restore() }
    while !stop.came {
      let (packet, pause) = try failing { () throws(InspectorError) in
        try sender.step(isReady: output.isEmpty)
      }
      if let packet { output.add(packet) }
      // The reader has gone, which is how most streams end.
      guard try output.write() else { return }
      if sender.isOver, output.isEmpty {
        output.restore()
        exit(ExitCode.gone)
      }
      guard output.wait(nanoseconds: packet == nil ? pause : 0, alsoFor: input) else { return }
      for line in input.lines() { sender.ask(line) }
      if input.hasEnded { return }
    }
  }
}

extension Streamer {
  /// Whether the target can be held and slowed. If it has a controller already, it can: perhaps that one belongs to a
  /// connection that was lost just now.
  private static func isControlled(_ source: any SchedulerSource) -> Bool {
    do throws(ControlError) {
      _ = try source.control()
      return true
    } catch {
      if case .notControlled = error { return false }
      return true
    }
  }
}

/// Keeps packets until standard output takes them.
private struct PacketOutput {
  private var rest: ArraySlice<UInt8> = []
  private let flags = fcntl(STDOUT_FILENO, F_GETFL)

  /// Makes standard output non-blocking. Regular files and devices do not block anyway.
  init() { _ = fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK) }

  /// Gives standard output its former flags, because other processes may share the same pipe or socket.
  func restore() { _ = fcntl(STDOUT_FILENO, F_SETFL, flags) }

  var isEmpty: Bool { rest.isEmpty }

  mutating func add(_ packet: [UInt8]) { rest = rest.isEmpty ? packet[...] : rest + packet }

  /// Writes what can be written now; false: the reader has gone.
  mutating func write() throws(Failure) -> Bool {
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
      }
      if written > 0 {
        rest = rest.dropFirst(written)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: return true
      case EPIPE, ECONNRESET: return false
      default: throw Failure(ExitCode.output, "cannot write to standard output: \(errnoText(errno))")
      }
    }
    return true
  }

  /// Waits until standard output takes more, a question comes, or the time is over; false: the reader has gone.
  func wait(nanoseconds: UInt64, alsoFor input: QuestionInput) -> Bool {
    var entries = [
      pollfd(fd: STDOUT_FILENO, events: isEmpty ? 0 : Int16(POLLOUT), revents: 0),
      pollfd(fd: input.isOpen ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
    ]
    unsafe poll(&entries, 2, Int32(clamping: (nanoseconds + 999_999) / 1_000_000))
    return Int32(entries[0].revents) & POLLERR == 0
  }
}

/// Reads the questions that the other side sends to standard input.
private struct QuestionInput {
  /// Whether questions are read.
  let isOpen: Bool
  private(set) var hasEnded = false
  private var bytes: [UInt8] = []

  init(isOpen: Bool) { self.isOpen = isOpen }

  /// Returns the complete lines that have arrived since the last call.
  mutating func lines() -> [String] {
    guard isOpen, !hasEnded else { return [] }
    guard let more = DescriptorInput.read(STDIN_FILENO, most: 1 << 14) else {
      hasEnded = true
      return []
    }
    bytes += more
    guard let end = bytes.lastIndex(of: 10) else {
      if bytes.count > RemoteQuestion.longest { hasEnded = true }
      return []
    }
    let lines = bytes[..<end].split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
    bytes.removeFirst(end + 1)
    return lines
  }
}
