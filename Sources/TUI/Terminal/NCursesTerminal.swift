// The terminal that people sit at. No other file knows CNcurses.
//
// The terminal belongs to one thread with a full-sized stack, which ncurses needs. That thread waits for keys, signals
// and a waker in one place. Cells are compared here before ncurses sees them, so an idle frame costs microseconds.
internal import CNcurses
import Glibc

/// The process's terminal, taken over for the lifetime of this value. Only one may exist at a time.
public struct NCursesTerminal: ~Copyable, Terminal {
  /// The use that the dashboard makes of the terminal.
  public struct Options: Sendable {
    /// Use colours if the terminal has them. The default is no if the environment has a NO_COLOR that is not
    /// empty, else yes.
    public var wantsColor: Bool
    /// Use ASCII shapes even where Unicode would do.
    public var wantsASCII = false
    /// Use the mouse for scrolling and clicks. Selecting text in the terminal then needs Shift.
    public var wantsMouse = true
    public var theme = ThemeName.calm

    public init() {
      wantsColor = unsafe getenv("NO_COLOR").map { unsafe $0.pointee == 0 } ?? true
    }
  }

  public private(set) var size: Size
  public let glyphs: Glyphs
  /// The palette in use, fitted to the terminal's colours.
  public private(set) var theme: Theme
  /// The number of colours; 0: the terminal has none, or none are wanted.
  private let colors: Int
  private let signals: Int32
  private let waker: Waker?
  private var decoder: KeyDecoder
  /// The moment (by `clock`) at which the terminal was asked whether it understands synchronized output.
  private let asked: UInt64
  private var shown: Canvas?
  private var cells: [nc_cell] = []

  /// Takes over the terminal that `TERM` names, on standard input and output, and makes sure that a crash
  /// gives it back.
  ///
  /// Blocks the signals of `blockSignals()` in the calling thread, and unblocks them when the terminal is
  /// given back.
  public init(_ options: Options = Options(), waker: Waker? = nil) throws(TerminalError) {
    let name = unsafe getenv("TERM").map { unsafe String(cString: $0) } ?? ""
    guard !name.isEmpty else { throw .unnamed }
    if let size = Self.windowSize, !size.holds(OverviewLayout.smallest) { throw .tooSmall(size) }
    Self.blockSignals()
    nc_guard_against_crash()
    var screen = nc_screen()
    let result = unsafe nc_open(name, options.wantsColor, options.wantsMouse, &screen)
    if let error = Self.error(result, name: name) {
      nc_close_signals(-1)
      throw error
    }
    size = Size(columns: Int(screen.columns), rows: Int(screen.rows))
    glyphs = screen.is_utf8 && !options.wantsASCII ? .unicode : .ascii
    colors = Int(screen.colors)
    theme = Theme(colors: colors, name: options.theme)
    signals = nc_open_signals()
    decoder = Self.decoder(isUTF8: screen.is_utf8, wantsMouse: options.wantsMouse)
    self.waker = waker
    nc_ask_synchronized()
    asked = Self.clock
    defineStyles()
  }

  deinit {
    takeAnswer()
    nc_close()
    nc_close_signals(signals)
  }

  /// The window's size on standard output, as the kernel knows it; nil: the kernel does not know it.
  private static var windowSize: Size? {
    var window = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0
    else { return nil }
    return Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
  }

  /// Blocks TERM, INT, HUP, WINCH, TSTP and CONT in this thread and in the threads that it starts afterwards.
  ///
  /// A program with other threads calls this before it starts them. A signal that another thread takes does
  /// not reach the terminal.
  public static func blockSignals() { nc_block_signals() }

  public var now: UInt64 { Self.clock }

  private static var clock: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private static func error(_ result: Int32, name: String) -> TerminalError? {
    switch UInt32(bitPattern: result) {
    case NC_OPENED.rawValue: nil
    case NC_UNKNOWN_TERMINAL.rawValue: .unknown(name)
    case NC_NO_CURSOR_ADDRESSING.rawValue: .cannotMoveCursor(name)
    case NC_NOT_A_TERMINAL.rawValue: .notATerminal
    default: .refused(name)
    }
  }

  private func defineStyles() {
    for style in Style.allCases {
      let paint = theme.paint(style)
      var attributes = 0
      if paint.isBold { attributes |= NC_BOLD }
      if paint.isDim { attributes |= NC_DIM }
      if paint.isReversed { attributes |= NC_REVERSE }
      nc_define_style(
        UInt16(style.rawValue), Int32(paint.foreground), Int32(paint.background), UInt32(attributes))
    }
  }
}

// MARK: Showing

extension NCursesTerminal {
  public mutating func present(_ canvas: Canvas) {
    let runs = canvas.changes(since: shown ?? Canvas(size: Size(columns: 0, rows: 0)))
    for run in runs { send(run, of: canvas) }
    if !runs.isEmpty { nc_flush() }
    shown = canvas
  }

  private mutating func send(_ run: Canvas.Run, of canvas: Canvas) {
    cells.removeAll(keepingCapacity: true)
    let start = run.y * canvas.size.columns
    for cell in canvas.cells[(start + run.columns.lowerBound)..<(start + run.columns.upperBound)] {
      cells.append(
        nc_cell(scalar: cell.glyph.value, style: UInt16(cell.style.rawValue), width: cell.width))
    }
    unsafe nc_put_row(Int32(run.y), Int32(run.columns.lowerBound), cells, Int32(cells.count))
  }

  public mutating func use(_ name: ThemeName) {
    theme = Theme(colors: colors, name: name)
    defineStyles()
    redrawAll()
  }

  public mutating func redrawAll() {
    shown = nil
    nc_redraw_all()
  }

  public mutating func stop() {
    nc_suspend()
    redrawAll()
  }
}

// MARK: The clipboard

extension NCursesTerminal {
  /// Copies a text with an escape sequence that bypasses ncurses, written between two pictures. Terminals
  /// that do not know the sequence ignore it.
  public mutating func copy(_ text: String) {
    let bytes = Array("\u{1B}]52;c;\(Self.base64(Array(text.utf8)))\u{7}".utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }

  static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".unicodeScalars)
    var text = String.UnicodeScalarView()
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(bytes.count, start + 3)]
      let word = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for place in 0..<4 {
        text.append(place <= part.count ? digits[word >> (18 - 6 * place) & 63] : "=")
      }
    }
    return String(text)
  }
}

// MARK: Input

extension NCursesTerminal {
  public mutating func wait(nanoseconds: UInt64) -> [Input] {
    let now = now
    let limit = decoder.deadline.map { min(nanoseconds, $0 - min($0, now)) } ?? nanoseconds
    // Rounded up: a wait that ended too early would have to be repeated.
    let milliseconds = Int32(clamping: (limit + 999_999) / 1_000_000)
    let ready = Int(nc_wait(signals, waker?.descriptor ?? -1, milliseconds))
    var inputs: [Input] = []
    if ready & NC_READY_SIGNAL != 0 { readSignals(into: &inputs) }
    if ready & NC_READY_INPUT != 0 {
      inputs += decoder.take(Self.readBytes(), at: self.now)
      if let synchronizes = decoder.synchronizes { nc_set_synchronized(synchronizes) }
    } else {
      inputs += decoder.expire(at: self.now)
    }
    if ready & NC_READY_WAKE != 0 {
      waker?.drain()
      inputs.append(.wake)
    }
    if ready & NC_HUNG_UP != 0 { inputs.append(.hangUp) }
    return inputs
  }

  /// Whether unread input, or a signal such as Ctrl-C, is waiting. Any thread may ask.
  public static var isTyped: Bool { Int(nc_wait(-1, -1, 0)) & NC_READY_INPUT != 0 || nc_has_signal() }

  private mutating func readSignals(into inputs: inout [Input]) {
    while true {
      switch nc_next_signal(signals) {
      case 0: return
      case SIGINT: inputs.append(.key(.control("c")))
      case SIGTSTP: inputs.append(.stop)
      case SIGHUP: inputs.append(.hangUp)
      case SIGTERM: inputs.append(.terminate(SIGTERM))
      // WINCH, or CONT after a stop that was not announced. Redraw even if the size is the same as before: the window may have
      // been resized and resized back. Then the terminal has moved its text, and ncurses has cut its own copy.
      default: inputs += [.resize(readSize()), .disturbed]
      }
    }
  }

  private mutating func readSize() -> Size {
    var (rows, columns): (Int32, Int32) = (0, 0)
    unsafe nc_sync_size(&rows, &columns)
    size = Size(columns: Int(columns), rows: Int(rows))
    return size
  }

  /// Waits up to 100 ms for the terminal's answer if it is still on its way, and reads it. If the app left
  /// without doing so, the answer would appear as typed text in the shell.
  private func takeAnswer() {
    var decoder = decoder
    let end = now + 100_000_000
    while decoder.synchronizes == nil, now < min(end, asked + 1_000_000_000) {
      let left = Int32(clamping: (end - min(end, now)) / 1_000_000)
      guard Int(nc_wait(-1, -1, left)) & NC_READY_INPUT != 0 else { return }
      _ = decoder.take(Self.readBytes(), at: now)
    }
  }

  private static func readBytes() -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = unsafe Int(nc_read(buffer.baseAddress, Int32(buffer.count)))
    }
  }

  private static func decoder(isUTF8: Bool, wantsMouse: Bool) -> KeyDecoder {
    let delays = KeyDecoder.Delays(
      escape: unsafe getenv("ESCDELAY").map { unsafe String(cString: $0) })
    let charset =
      isUTF8
      ? Charset.utf8
      : Charset { bytes in
        let code = unsafe nc_character(bytes, Int32(bytes.count))
        if code == Int32(NC_INCOMPLETE) { return .incomplete }
        return Unicode.Scalar(UInt32(bitPattern: code)).map { .scalar($0) } ?? .invalid
      }
    var decoder = KeyDecoder(KeySequences(database: keys), delays: delays, charset: charset)
    decoder.wantsMouse = wantsMouse
    return decoder
  }

  /// The terminal database's keys, with the bytes that each sends.
  private static var keys: [(name: String, bytes: [UInt8])] {
    var keys: [(name: String, bytes: [UInt8])] = []
    // `name` and `bytes` will point into the terminal database, which stays loaded.
    var (name, bytes): (UnsafePointer<CChar>?, UnsafePointer<CChar>?) = (nil, nil)
    var index: Int32 = 0
    while unsafe nc_key_of_database(index, &name, &bytes) {
      index += 1
      guard let name = unsafe name, let bytes = unsafe bytes else { continue }
      unsafe keys.append((String(cString: name), Array(String(cString: bytes).utf8)))
    }
    return keys
  }
}
