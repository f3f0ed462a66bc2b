// What a terminal sends, taken apart into keys, clicks and pastes. Pure: bytes and times go in, inputs come out.
//
// §1 Sequences end by their grammar (ECMA-48), not by what is known. `CSI` goes on to its final byte, strings (`OSC`, `DCS`,
// `APC`, `PM`, `SOS`) to their terminator, an Escape before a letter is Alt. Whatever has no meaning here is dropped as a
// whole: answers to questions that some program before us asked, reports of focus, keys that we do not know. Their letters
// never act as keys.
//
// §2 Who sends is not told apart by looking. A lone Escape is a key, and the beginning of nearly everything else. What has
// begun waits for its rest so long as `Delays` says, which is longer where no finger can have begun it. Then an Escape is the
// key, and all else is dropped. Lines stall, though: what comes then in one piece, as no finger types it, is that rest all the
// same.
//
// §3 A paste (`CSI 200 ~` to `CSI 201 ~`) is text, whatever is in it.

struct KeyDecoder {
  /// Nanoseconds without a byte after which what has begun is over.
  struct Delays: Equatable {
    /// After an Escape, which is a key as well.
    var escape: UInt64 = 25_000_000
    /// Within a sequence; a person may have begun one by Alt and a bracket.
    var sequence: UInt64 = 100_000_000
    /// Within a string, a paste or an old form of a click, which only a terminal sends.
    var text: UInt64 = 500_000_000
    /// After any of these: so long the rest of what has begun is known for what it is.
    var late: UInt64 = 5_000_000_000

    init() {}
    /// - Parameter milliseconds: what ESCDELAY says, if it is a number.
    init(escape milliseconds: String?) {
      guard let wanted = milliseconds.flatMap({ UInt64($0) }), (1...10_000).contains(wanted) else { return }
      escape = wanted * 1_000_000
      (sequence, text) = (max(sequence, escape), max(text, escape))
    }
  }

  private enum Stage {
    case ground
    /// A key of the database that is no Escape has begun, or a character of several bytes.
    case key, character
    /// Escape; and then: `CSI`, `SS3`, intermediate bytes, a character.
    case escape, control, single, intermediate, alt
    /// A string, and in it an Escape that may end it.
    case string, stringEscape
    /// The three bytes of a mouse event in the old form.
    case oldMouse
    case paste
  }

  /// A paste may be large, a line that is typed is not.
  private static let longestPaste = 4096
  /// Bytes of a sequence that are kept; a longer one is none that is known.
  private static let longestSequence = 64

  private let sequences: KeySequences
  private let delays: Delays
  private let charset: Charset
  /// What the terminal has said to the question whether it understands synchronized output; nil: nothing.
  private(set) var synchronizes: Bool?
  /// Whether mouse events were asked for.
  var wantsMouse = false

  private var stage = Stage.ground
  private var pending: [UInt8] = []
  private var text: [UInt8] = []
  /// Whether BEL ends the string (`OSC`); and whether anything has come of it.
  private var endsAtBell = false
  private var hasContent = false
  /// Bytes of the end of a paste that have come.
  private var ending = 0
  /// When the last byte came; and what has been given up since, whose rest may still come.
  private var last: UInt64 = 0
  private var late: (stage: Stage, pending: [UInt8], ending: Int, until: UInt64)?
  private var inputs: [Input] = []

  init(_ sequences: KeySequences = KeySequences(), delays: Delays = Delays(), charset: Charset = .utf8) {
    (self.sequences, self.delays, self.charset) = (sequences, delays, charset)
  }

  /// What the bytes come to that were read at a moment (nanoseconds).
  mutating func take(_ bytes: some Collection<UInt8>, at now: UInt64) -> [Input] {
    defer { inputs.removeAll(keepingCapacity: true) }
    rejoin(bytes, now)
    for byte in bytes { take(byte) }
    last = now
    return inputs
  }

  /// When what has begun is over unless more comes; nil: nothing has.
  var deadline: UInt64? {
    switch stage {
    case .ground: nil
    case .escape: last + delays.escape
    case .key, .character, .control, .single, .intermediate, .alt: last + delays.sequence
    case .string where !hasContent: last + delays.sequence
    case .string, .stringEscape, .oldMouse, .paste: last + delays.text
    }
  }

  /// What it comes to that nothing more has come until a moment.
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

  /// Goes on with what has been given up, where what has come is its rest: more than one byte at a time, which are no key,
  /// nor one that is held down.
  private mutating func rejoin(_ bytes: some Collection<UInt8>, _ now: UInt64) {
    guard let late, stage == .ground else { return }
    self.late = nil
    guard now < late.until, let first = bytes.first else { return }
    let isPiece = bytes.count > 1 && bytes.contains { $0 != first }
    // Right behind an Escape no finger is as fast, whose delay is a short one.
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
    // A key of the database that begins otherwise.
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
      // What is no character may be the first byte of something else.
      if !isFirst { ground(byte, isFresh: true) } else if byte < 0xA0 { type(Unicode.Scalar(byte)) }
    }
  }

  private mutating func type(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x1A: inputs.append(.stop)
    case 0x1C: inputs.append(.terminate(Self.quitSignal))
    // C1, a control in one byte for an Escape and another one: those that something follows.
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
    // A new beginning, or a cancel: what has begun is over. Two Escapes may be Alt and a key that begins with one.
    if byte == KeySequences.escape, stage != .escape {
      reset()
      return ground(byte, isFresh: false)
    }
    if byte == Self.interrupt { return interrupted() }
    if byte == 0x18 || byte == 0x1A { return reset() }
    if isKnown { pending.append(byte) }
    advance(byte)
  }

  /// A key that was none: its first byte is a key by itself, and the rest begins anew.
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
    // A control character within a sequence is no part of it, and no key either.
    case (_, ..<0x20), (_, 0x7F): if pending.count < Self.longestSequence { pending.removeLast() }
    case (_, 0x80...):
      reset()
      ground(byte, isFresh: true)
    case (.control, 0x20...0x3F), (.intermediate, 0x20...0x2F): break
    // The console of Linux: `CSI [`, and a letter.
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

  /// A character beyond ASCII with Alt, of however many bytes.
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
      // No end, so a new beginning.
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

  /// Ctrl-C, which no terminal sends by itself: nothing that has begun swallows it, but a paste.
  private static let interrupt: UInt8 = 3

  private mutating func interrupted() {
    reset()
    inputs.append(.key(.control("c")))
  }

  /// A whole `CSI` that is no key.
  private mutating func finishControl() {
    // An Escape before it may have been a key, which the application was too slow to take.
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
    // 0: it does not know the mode, 4: it never has it.
    case (UInt8(ascii: "?"), UInt8(ascii: "y")) where body.starts(with: "?2026;".utf8):
      synchronizes = ["1$", "2$", "3$"].contains { body.dropFirst(6).elementsEqual($0.utf8) }
    default: break
    }
  }

  /// `0;12;7`; nil: it is none such.
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
    // Buttons and places are 32 and more: it was broken off, and something else begins.
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

  /// A press. Columns and rows count from 1; what is held down meanwhile is nothing to us.
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
