// Decodes what a terminal sends into keys, clicks and pastes. The decoder is pure: bytes and times go in,
// inputs come out.
//
// §1 Sequences end where their grammar (ECMA-48) says, whether we know them or not. `CSI` ends at its final
// byte; strings (`OSC`, `DCS`, `APC`, `PM`, `SOS`) end at their terminator; an Escape before a letter is Alt.
// A sequence without meaning here is dropped as a whole: an answer to a question that an earlier program
// asked, a report of focus, an unknown key. So its letters never act as keys.
//
// §2 Bytes do not tell whether a finger or the terminal sent them: a lone Escape is a key, and Escape also
// begins nearly every sequence. So an incomplete sequence waits for its rest as long as `Delays` says, and
// longer where no finger can have begun it. After that, an Escape counts as the key, and anything else is
// dropped. But a connection may stall within a sequence. So bytes that come after the wait still count as the
// rest, if they fit and come in one piece, as no finger types.
//
// §3 A paste (`CSI 200 ~` to `CSI 201 ~`) is text, whatever it contains.

struct KeyDecoder {
  /// The nanoseconds without a byte after which an incomplete sequence is over.
  struct Delays: Equatable {
    /// How long an Escape waits for the rest of a sequence, which may also be the key Escape alone.
    var escape: UInt64 = 25_000_000
    /// How long an unfinished sequence waits for its next byte. A person may have begun it by pressing Alt
    /// and a bracket.
    var sequence: UInt64 = 100_000_000
    /// How long an unfinished string, paste or click in the old form waits for its next byte. Only a terminal
    /// sends these.
    var text: UInt64 = 500_000_000
    /// The nanoseconds after the end of any of these waits in which the rest of the sequence is still
    /// recognised.
    var late: UInt64 = 5_000_000_000

    init() {}
    /// - Parameter milliseconds: the value of ESCDELAY; ignored unless it is a number from 1 to 10,000.
    init(escape milliseconds: String?) {
      guard let wanted = milliseconds.flatMap({ UInt64($0) }), (1...10_000).contains(wanted) else { return }
      escape = wanted * 1_000_000
      (sequence, text) = (max(sequence, escape), max(text, escape))
    }
  }

  private enum Stage {
    case ground
    /// Within a key of the terminal database that does not begin with Escape (`key`), or within a character
    /// of several bytes (`character`).
    case key, character
    /// After an Escape, and then: within a `CSI`, within an `SS3`, after intermediate bytes, within a
    /// character (Alt and that character).
    case escape, control, single, intermediate, alt
    /// Within a string (`string`), or after an Escape there, which may end the string (`stringEscape`).
    case string, stringEscape
    /// Within the three bytes of a mouse event in the old form.
    case oldMouse
    case paste
  }

  /// The most bytes of a paste that are kept. A paste may be larger, but a typed line needs no more.
  private static let longestPaste = 4096
  /// The most bytes of a sequence that are kept. No known sequence is longer.
  private static let longestSequence = 64

  private let sequences: KeySequences
  private let delays: Delays
  private let charset: Charset
  /// Whether the terminal understands synchronized output; nil: it has not answered yet.
  private(set) var synchronizes: Bool?
  /// Whether mouse events are wanted; if not, they are dropped.
  var wantsMouse = false

  private var stage = Stage.ground
  private var pending: [UInt8] = []
  private var text: [UInt8] = []
  /// Whether BEL ends the string: true for `OSC`.
  private var endsAtBell = false
  /// Whether the string has any content yet.
  private var hasContent = false
  /// How many bytes of a paste's terminator have come.
  private var ending = 0
  /// The moment at which the last byte came.
  private var last: UInt64 = 0
  /// The sequence that was given up, but whose rest may still come.
  private var late: (stage: Stage, pending: [UInt8], ending: Int, until: UInt64)?
  private var inputs: [Input] = []

  init(_ sequences: KeySequences = KeySequences(), delays: Delays = Delays(), charset: Charset = .utf8) {
    (self.sequences, self.delays, self.charset) = (sequences, delays, charset)
  }

  /// The inputs that result from bytes which were read at a moment (nanoseconds).
  mutating func take(_ bytes: some Collection<UInt8>, at now: UInt64) -> [Input] {
    defer { inputs.removeAll(keepingCapacity: true) }
    rejoin(bytes, now)
    for byte in bytes { take(byte) }
    last = now
    return inputs
  }

  /// The moment at which the incomplete sequence is over unless more bytes come; nil: no sequence is
  /// incomplete.
  var deadline: UInt64? {
    switch stage {
    case .ground: nil
    case .escape: last + delays.escape
    case .key, .character, .control, .single, .intermediate, .alt: last + delays.sequence
    case .string where !hasContent: last + delays.sequence
    case .string, .stringEscape, .oldMouse, .paste: last + delays.text
    }
  }

  /// Gives up the incomplete sequence if its time is over by `now`, and returns the inputs that result.
  mutating func expire(at now: UInt64) -> [Input] {
    guard let deadline, now >= deadline else { return [] }
    defer { inputs.removeAll(keepingCapacity: true) }
    late = nil
    if let key = sequences.key(pending) {
      inputs.append(.key(key))
    } else if stage == .escape {
      inputs += pending.map { _ in .key(.escape) }
      late = (stage, [KeySequences.escape], 0, now + delays.late)
    } else if stage == .key {
      let begun = pending
      reset()
      for byte in begun { ground(byte, isFresh: false) }
    } else {
      if stage == .paste { inputs.append(.paste(charset.text(of: text))) }
      late = (stage, pending, ending, now + delays.late)
    }
    reset()
    return inputs
  }

  /// Resumes the sequence that was given up, if the bytes are its rest. They must have come in one piece:
  /// several bytes, and not the same byte throughout, which would be a key held down.
  private mutating func rejoin(_ bytes: some Collection<UInt8>, _ now: UInt64) {
    guard let late, stage == .ground else { return }
    self.late = nil
    guard now < late.until, let first = bytes.first else { return }
    let isPiece = bytes.count > 1 && bytes.contains { $0 != first }
    // The wait after an Escape is short, so a single byte may be a late rest too: no finger follows an Escape
    // so fast.
    guard isPiece || late.stage == .escape && now < last + delays.sequence else { return }
    let isRest =
      switch late.stage {
      case .escape: "[O]P_".utf8.contains(first)
      case .control: late.pending.count > 2 && (0x20...0x3F).contains(first)
      case .string where !hasContent: false
      case .string: first != KeySequences.escape || bytes.elementsEqual([first, UInt8(ascii: "\\")])
      case .stringEscape: first == UInt8(ascii: "\\")
      case .paste: first != KeySequences.escape || bytes.starts(with: Self.endOfPaste)
      default: false
      }
    if isRest { (stage, pending, ending) = (late.stage, late.pending, late.ending) }
  }

  private mutating func reset() {
    (stage, ending) = (.ground, 0)
    pending.removeAll(keepingCapacity: true)
    text.removeAll(keepingCapacity: true)
  }
}

// MARK: A byte

extension KeyDecoder {
  private mutating func take(_ byte: UInt8) {
    switch stage {
    case .paste: paste(byte)
    case .string, .stringEscape: string(byte)
    case .oldMouse: oldMouse(byte)
    case .ground: ground(byte, isFresh: true)
    case .character: character(byte)
    default: sequence(byte)
    }
  }

  private mutating func ground(_ byte: UInt8, isFresh: Bool) {
    if byte == KeySequences.escape {
      (stage, pending) = (.escape, [byte])
      return
    }
    // This may be a key of the terminal database that does not begin with Escape.
    if isFresh {
      switch sequences.match([byte]) {
      case .key(let key?): return inputs.append(.key(key))
      case .beginning:
        (stage, pending) = (.key, [byte])
        return
      default: break
      }
    }
    if byte < 0x80 { return type(Unicode.Scalar(byte)) }
    character(byte)
  }

  private mutating func character(_ byte: UInt8) {
    let isFirst = pending.isEmpty
    pending.append(byte)
    switch charset.reading(pending) {
    case .incomplete: stage = .character
    case .scalar(let scalar):
      reset()
      type(scalar)
    case .invalid:
      reset()
      // The byte that makes a character invalid may begin something else.
      if !isFirst { ground(byte, isFresh: true) } else if byte < 0xA0 { type(Unicode.Scalar(byte)) }
    }
  }

  private mutating func type(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x1A: inputs.append(.stop)
    case 0x1C: inputs.append(.terminate(Self.quitSignal))
    // C1 controls: one byte instead of Escape and a second byte. These begin sequences and strings.
    case 0x8F, 0x90, 0x98, 0x9B, 0x9D, 0x9E, 0x9F:
      (stage, pending) = (.escape, [KeySequences.escape])
      sequence(UInt8(scalar.value - 0x40))
    case 0x80...0x9F: break
    default: if let key = Self.key(scalar) { inputs.append(.key(key)) }
    }
  }

  private static let quitSignal: Int32 = 3

  private static func key(_ scalar: Unicode.Scalar) -> Key? {
    switch scalar.value {
    case 9: .tab
    case 10, 13: .enter
    case 8, 127: .backspace
    case 1...26: Unicode.Scalar(scalar.value + 96).map { .control($0) }
    case 0...31: nil
    default: .character(scalar)
    }
  }
}

// MARK: Sequences

extension KeyDecoder {
  private mutating func sequence(_ byte: UInt8) {
    let isKnown = pending.count < Self.longestSequence
    if isKnown {
      switch sequences.match(pending + [byte]) {
      case .key(let key):
        reset()
        if let key { inputs.append(.key(key)) }
        return
      case .beginning where stage == .key:
        pending.append(byte)
        return
      default: break
      }
    }
    if stage == .key { return abandon(byte) }
    // An Escape here begins something new and ends the incomplete sequence. Only a second Escape may belong
    // to the first: Alt and a key that begins with Escape.
    if byte == KeySequences.escape, stage != .escape {
      reset()
      return ground(byte, isFresh: false)
    }
    if byte == Self.interrupt { return interrupted() }
    if byte == 0x18 || byte == 0x1A { return reset() }
    if isKnown { pending.append(byte) }
    advance(byte)
  }

  /// Gives up a key of the database that stayed incomplete: its first byte is a key by itself, and the other
  /// bytes are decoded anew.
  private mutating func abandon(_ byte: UInt8) {
    let begun = pending
    reset()
    for (index, before) in begun.enumerated() {
      if index == 0 { ground(before, isFresh: false) } else { take(before) }
    }
    take(byte)
  }

  private mutating func advance(_ byte: UInt8) {
    switch (stage, byte) {
    case (.escape, KeySequences.escape): break
    case (.escape, UInt8(ascii: "[")): stage = .control
    case (.escape, UInt8(ascii: "O")): stage = .single
    case (.escape, UInt8(ascii: "]")): begin(.string, endsAtBell: true)
    case (.escape, UInt8(ascii: "P")), (.escape, UInt8(ascii: "X")), (.escape, UInt8(ascii: "^")),
      (.escape, UInt8(ascii: "_")):
      begin(.string, endsAtBell: false)
    case (.escape, 0x20...0x2F): stage = .intermediate
    case (.escape, 0x80...): alt(byte)
    case (.alt, _): alt(byte)
    case (.escape, _): reset()  // Alt and a key
    // Ignore a control character within a sequence: it is no part of the sequence, and no key either.
    case (_, ..<0x20), (_, 0x7F): if pending.count < Self.longestSequence { pending.removeLast() }
    case (_, 0x80...):
      reset()
      ground(byte, isFresh: true)
    case (.control, 0x20...0x3F), (.intermediate, 0x20...0x2F): break
    // The function keys of the Linux console: `CSI [` and a letter.
    case (.control, UInt8(ascii: "[")) where pending.last == byte && pending.dropLast().last == byte: break
    case (.control, _): finishControl()
    case (.single, UInt8(ascii: "0")...UInt8(ascii: "9")), (.single, UInt8(ascii: ";")): break
    default: reset()
    }
  }

  private mutating func begin(_ stage: Stage, endsAtBell: Bool) {
    reset()
    (self.stage, self.endsAtBell, hasContent) = (stage, endsAtBell, false)
  }

  /// Takes the bytes of a character beyond ASCII that was pressed with Alt. The character is dropped.
  private mutating func alt(_ byte: UInt8) {
    if stage != .alt { text.removeAll() }
    text.append(byte)
    if charset.reading(text) == .incomplete { stage = .alt } else { reset() }
  }

  private mutating func string(_ byte: UInt8) {
    hasContent = true
    switch (stage, byte) {
    case (.stringEscape, UInt8(ascii: "\\")): reset()
    case (.stringEscape, _):
      // The Escape did not begin the string's terminator, so it begins something new.
      (stage, pending) = (.escape, [KeySequences.escape])
      sequence(byte)
    case (_, KeySequences.escape): stage = .stringEscape
    case (_, 0x07) where endsAtBell: reset()
    case (_, 0x9C) where !charset.continues(with: byte): reset()
    case (_, 0x18), (_, 0x1A): reset()
    case (_, Self.interrupt): interrupted()
    default: break
    }
  }

  /// Ctrl-C. No terminal sends it by itself, so it acts even inside an incomplete sequence; only a paste
  /// contains it as text.
  private static let interrupt: UInt8 = 3

  private mutating func interrupted() {
    reset()
    inputs.append(.key(.control("c")))
  }

  /// Acts on a complete `CSI` that is no key: a mouse event, the start of a paste, or an answer about
  /// synchronized output.
  private mutating func finishControl() {
    // An Escape before the sequence may have been pressed as a key, when the application was too slow to read
    // it in time.
    let sequence = pending.drop { $0 == KeySequences.escape }
    reset()
    guard let final = sequence.last, sequence.count > 1, sequence.count < Self.longestSequence - 8 else {
      return
    }
    let body = sequence.dropFirst().dropLast()
    switch (body.first, final) {
    case (nil, UInt8(ascii: "M")): stage = .oldMouse
    case (UInt8(ascii: "<"), UInt8(ascii: "M")):
      if let numbers = Self.numbers(body.dropFirst()), numbers.count == 3 {
        mouse(button: numbers[0], x: numbers[1], y: numbers[2])
      }
    case (_, UInt8(ascii: "~")) where body.elementsEqual("200".utf8): stage = .paste
    // Other answers mean no: 0, the terminal does not know the mode; 4, the mode is always off.
    case (UInt8(ascii: "?"), UInt8(ascii: "y")) where body.starts(with: "?2026;".utf8):
      synchronizes = ["1$", "2$", "3$"].contains { body.dropFirst(6).elementsEqual($0.utf8) }
    default: break
    }
  }

  /// Parses numbers such as `0;12;7`; nil: the bytes are something else.
  private static func numbers(_ bytes: ArraySlice<UInt8>) -> [Int]? {
    var numbers = [0]
    for byte in bytes {
      switch byte {
      case UInt8(ascii: ";"): numbers.append(0)
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        numbers[numbers.count - 1] = min(1 << 14, numbers[numbers.count - 1] * 10 + Int(byte - 48))
      default: return nil
      }
    }
    return numbers
  }
}

// MARK: Pastes and the mouse

extension KeyDecoder {
  private static let endOfPaste: [UInt8] = [KeySequences.escape] + Array("[201~".utf8)

  private mutating func paste(_ byte: UInt8) {
    if byte == Self.endOfPaste[ending] {
      ending += 1
      guard ending == Self.endOfPaste.count else { return }
      inputs.append(.paste(charset.text(of: text)))
      return reset()
    }
    let begun = Self.endOfPaste.prefix(ending)
    ending = byte == KeySequences.escape ? 1 : 0
    guard text.count < Self.longestPaste else { return }
    text += begun
    if ending == 0 { text.append(byte) }
  }

  private mutating func oldMouse(_ byte: UInt8) {
    if byte == Self.interrupt { return interrupted() }
    // The bytes of a mouse event are all 32 or more. A smaller byte means that the event was broken off and
    // something else begins.
    guard byte >= 0x20 else {
      reset()
      return take(byte)
    }
    text.append(byte)
    guard text.count == 3 else { return }
    let event = text.map { Int($0) - 32 }
    reset()
    mouse(button: event[0], x: event[1], y: event[2])
  }

  /// Takes a press of a button, at a column and a row that count from 1. Modifier keys held down meanwhile
  /// are ignored.
  private mutating func mouse(button: Int, x: Int, y: Int) {
    guard wantsMouse, x > 0, y > 0 else { return }
    switch button & ~(4 | 8 | 16) {
    case 0: inputs.append(.click(x: x - 1, y: y - 1))
    case 64: inputs.append(.key(.wheelUp))
    case 65: inputs.append(.key(.wheelDown))
    default: break
    }
  }
}
