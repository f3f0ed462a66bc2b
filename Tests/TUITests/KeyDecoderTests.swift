// Keys from bytes: what terminals send, whole, byte by byte, late, and broken.
import Testing

@testable import TUI

private let ms: UInt64 = 1_000_000

/// Decodes text, given in one piece or a byte at a time. Afterwards more time passes than the decoder ever
/// waits.
private func inputs(
  _ text: String, byByte: Bool = false, _ decoder: KeyDecoder = KeyDecoder()
) -> [Input] {
  var decoder = decoder
  return inputs(Array(text.utf8), byByte: byByte, &decoder)
}

private func inputs(_ bytes: [UInt8], byByte: Bool = false, _ decoder: inout KeyDecoder) -> [Input] {
  var (found, now) = ([Input](), UInt64(0))
  for piece in byByte ? bytes.map({ [$0] }) : [bytes] {
    found += decoder.take(piece, at: now)
    now += 2 * ms
    found += decoder.expire(at: now)
  }
  return found + decoder.expire(at: now + 10_000 * ms)
}

@Suite("Keys out of bytes")
struct KeyDecoderTests {
  @Test("keys that are known, in all their forms", arguments: [false, true])
  func knownKeys(_ byByte: Bool) {
    let keys: [(String, Key)] = [
      ("q", .character("q")), ("\t", .tab), ("\r", .enter), ("\n", .enter), ("\u{7F}", .backspace),
      ("\u{8}", .backspace), ("\u{3}", .control("c")), ("\u{C}", .control("l")), ("\u{1B}", .escape),
      ("\u{1B}[A", .up), ("\u{1B}OA", .up), ("\u{1B}[B", .down), ("\u{1B}OD", .left), ("\u{1B}[C", .right),
      ("\u{1B}[H", .home), ("\u{1B}[1~", .home), ("\u{1B}[4~", .end), ("\u{1B}[5~", .pageUp),
      ("\u{1B}[6~", .pageDown), ("\u{1B}[Z", .backTab), ("\u{1B}OP", .function(1)),
      ("\u{1B}[15~", .function(5)),
      ("\u{1B}[21~", .function(10)), ("\u{1B}[24~", .function(12)), ("\u{1B}[[A", .function(1)),
      ("\u{1B}OM", .enter), ("é", .character("é")), ("漢", .character("漢")), ("🙂", .character("🙂")),
      ("\u{9B}A", .up),
    ]
    for (text, key) in keys {
      #expect(inputs(text, byByte: byByte) == [.key(key)], "\(text.debugDescription)")
      if key != .escape {
        #expect(inputs(text + "j", byByte: byByte) == [.key(key), .key(.character("j"))])
      }
    }
    #expect(inputs("\u{1A}") == [.stop] && inputs("\u{1C}") == [.terminate(3)])
  }

  static let meaningless = [
    // Alt and a key, of one byte and of several, also with an Escape before them.
    "\u{1B}q", "\u{1B}a", "\u{1B}w", "\u{1B}\r", "\u{1B}\u{7F}", "\u{1B}é", "\u{1B}漢", "\u{1B} ", "\u{1B}N",
    "\u{1B}\u{1B}[A", "\u{1B}\u{1B}q",
    // Keys that have no meaning here: F20, Ctrl-Up, kitty's, modifyOtherKeys, keypads.
    "\u{1B}[34~", "\u{1B}[1;5A", "\u{1B}[113;5u", "\u{1B}[27;5;113~", "\u{1B}[113;5:3u", "\u{1B}Oq",
    "\u{1B}O5P",
    "\u{1B}[23;2~", "\u{1B}[2~",
    // Reports of focus, device, place, colours, modes and versions. Strings end in both ways; some begin with
    // a C1 byte.
    "\u{1B}[I", "\u{1B}[O", "\u{1B}[?1;2c", "\u{1B}[>41;354;0c", "\u{1B}[12;80R", "\u{1B}[?2026;2$y",
    "\u{1B}[?0u",
    "\u{1B}]11;rgb:ffff/aaaa/wwww\u{7}", "\u{1B}]11;rgb:ffff/aaaa/wwww\u{1B}\\", "\u{1B}]52;c;cXdh\u{1B}\\",
    "\u{1B}P>|WezTerm aq\u{1B}\\", "\u{1B}P1$r0m\u{1B}\\", "\u{1B}_Gi=31;OK aq\u{1B}\\", "\u{1B}^aq\u{1B}\\",
    "\u{1B}Xaq\u{1B}\\", "\u{9D}11;q\u{7}", "\u{9B}?1;2c", "\u{90}q\u{1B}\\", "\u{9F}aq\u{9C}",
    // Other escape sequences, mouse events that nobody asked for, and ends of pastes.
    "\u{1B}(B", "\u{1B}#8", "\u{1B} F", "\u{1B}[<0;3;4M", "\u{1B}[<0;3;4m", "\u{1B}[0;3;4M", "\u{1B}[M qq",
    "\u{1B}[201~", "\u{1B}[" + String(repeating: "1;", count: 500) + "q",
    "\u{1B}]" + String(repeating: "aqw", count: 5000) + "\u{7}",
    // Broken sequences, which are over when nothing more comes.
    "\u{1B}[", "\u{1B}[1;", "\u{1B}O", "\u{1B}]11;rgb:q", "\u{1B}Pq", "\u{1B}]11;q\u{1B}", "\u{1B}[1\u{18}",
    "\u{1B}]q\u{1A}",
    "\u{1B}[1\rq", "\u{1B}[M q", "\u{1B}]q\u{1B}[I", "\u{1B}[1;\u{1B}[I",
  ]

  @Test("what has no meaning here is read to its end and dropped", arguments: meaningless)
  func meaninglessIsDropped(_ text: String) {
    for byByte in [false, true] {
      let found = inputs(text, byByte: byByte)
      #expect(found == [], "\(text.debugDescription), byte by byte: \(byByte)")
    }
    // After the delay, the next byte is a key again.
    var decoder = KeyDecoder()
    #expect(inputs(Array(text.utf8), &decoder) == [])
    #expect(inputs([UInt8(ascii: "j")], &decoder) == [.key(.character("j"))])
    #expect(decoder.deadline == nil)
  }

  @Test("bytes that are no characters are dropped, and what follows them is not", arguments: [false, true])
  func brokenCharacters(_ byByte: Bool) {
    let broken: [[UInt8]] = [
      [0xFF], [0xC0], [0xE9], [0xE6, 0xBC], [0xF0, 0x9F], [0xED, 0xA0, 0x80], [0x85],
    ]
    for bytes in broken {
      var decoder = KeyDecoder()
      #expect(
        inputs(bytes + Array("j".utf8), byByte: byByte, &decoder) == [.key(.character("j"))], "\(bytes)")
    }
  }

  @Test(
    "what has begun waits as long as the delays say: an Escape is a key then, and the rest of a sequence none"
  )
  func delays() {
    var decoder = KeyDecoder()
    #expect(decoder.deadline == nil)
    #expect(decoder.take([0x1B], at: 1000 * ms) == [] && decoder.deadline == 1025 * ms)
    #expect(decoder.expire(at: 1024 * ms) == [])
    #expect(decoder.expire(at: 1025 * ms) == [.key(.escape)] && decoder.deadline == nil)
    // Two Escapes that nobody has read in time.
    #expect(decoder.take([0x1B, 0x1B], at: 2000 * ms) == [])
    #expect(decoder.expire(at: 2025 * ms) == [.key(.escape), .key(.escape)])
    // A sequence in pieces, and one whose end never comes.
    #expect(decoder.take(Array("\u{1B}[1".utf8), at: 3000 * ms) == [] && decoder.deadline == 3100 * ms)
    #expect(decoder.take(Array("5~".utf8), at: 3090 * ms) == [.key(.function(5))])
    #expect(decoder.take(Array("\u{1B}[1;".utf8), at: 4000 * ms) == [])
    #expect(decoder.expire(at: 4100 * ms) == [])
    #expect(decoder.take(Array("q".utf8), at: 4200 * ms) == [.key(.character("q"))])
    // An answer whose rest comes late.
    #expect(decoder.take(Array("\u{1B}]11;rgb:".utf8), at: 5000 * ms) == [] && decoder.deadline == 5500 * ms)
    #expect(decoder.take(Array("ffff/qqqq/aaaa\u{7}j".utf8), at: 5400 * ms) == [.key(.character("j"))])
    // Alt and a bracket, by a finger: the string has no content yet, so the short delay holds.
    #expect(decoder.take(Array("\u{1B}]".utf8), at: 5600 * ms) == [] && decoder.deadline == 5700 * ms)
    #expect(decoder.expire(at: 5700 * ms) == [])
    // A sequence whose Escape came early, by itself. The rest comes in one piece, as no finger types.
    #expect(decoder.take([0x1B], at: 6000 * ms) == [])
    #expect(decoder.expire(at: 6030 * ms) == [.key(.escape)])
    #expect(decoder.take(Array("]11;rgb:ffff/qqqq/aaaa\u{1B}\\".utf8), at: 6100 * ms) == [])
    #expect(decoder.take([0x1B], at: 7000 * ms) == [])
    #expect(decoder.expire(at: 7030 * ms) == [.key(.escape)])
    #expect(decoder.take(Array("[".utf8), at: 7100 * ms) == [.key(.character("["))])
  }

  @Test("a sequence that breaks off takes nothing of the next one with it", arguments: [false, true])
  func brokenOff(_ byByte: Bool) {
    let paste = "\u{1B}[200~\u{1C}\u{3}q\u{1B}[201~"
    for begun in [
      "\u{1B}", "\u{1B}[", "\u{1B}[1;", "\u{1B}[<0;3", "\u{1B}O", "\u{1B}[M", "\u{1B}[M ", "\u{1B}[M q",
      "\u{1B}]11;rgb",
      "\u{1B}P>|q", "\u{1B}(", "\u{1B}[20", "\u{1B}[200", "\u{1B}\u{1B}[M!",
    ] {
      var decoder = KeyDecoder()
      decoder.wantsMouse = true
      let found = inputs(Array((begun + paste).utf8), byByte: byByte, &decoder)
      #expect(found == [.paste("\u{1C}\u{3}q")], "\(begun.utf8.map { String($0, radix: 16) }): \(found)")
    }
  }

  @Test(
    "what comes in one piece after a line has stalled is the rest of what had begun, and what a finger types none"
  )
  func stalls() {
    let broken: [(String, String, [Input])] = [
      ("\u{1B}[200~await", " a new way, q\u{1B}[201~", [.paste("await"), .paste(" a new way, q")]),
      ("\u{1B}[200~await\u{1B}[20", "1~", [.paste("await"), .paste("")]),
      ("\u{1B}[200~await", "\u{1B}[201~", [.paste("await"), .paste("")]),
      ("\u{1B}]11;rgb:ff", "ff/qqqq/aaaa\u{7}", []), ("\u{1B}P>|aq", "wq\u{1B}\\", []),
      ("\u{1B}]11;q", "\u{1B}\\", []), ("\u{1B}[113", ";5u", []), ("\u{1B}[?1;", "2c", []),
      ("\u{1B}", "[113;5u", [.key(.escape)]), ("\u{1B}", "P>|aqw\u{1B}\\", [.key(.escape)]),
    ]
    for (start, rest, wanted) in broken {
      for stall in [600 * ms, 4000 * ms, 6000 * ms] {
        var decoder = KeyDecoder()
        var found = decoder.take(Array(start.utf8), at: 0)
        found += decoder.expire(at: 550 * ms)
        #expect(decoder.deadline == nil)
        found += decoder.take(Array(rest.utf8), at: stall) + decoder.expire(at: stall + 1000 * ms)
        // After five seconds the begun sequence is forgotten.
        #expect((found == wanted) == (stall < 5000 * ms) || rest.hasPrefix("\u{1B}"), "\(rest) \(found)")
      }
      for typed in ["q", "\u{1B}[B", "\u{1B}OB"] {
        var decoder = KeyDecoder()
        _ = decoder.take(Array(start.utf8), at: 0) + decoder.expire(at: 550 * ms)
        let key = Key.character("j")
        #expect(
          decoder.take(Array(typed.utf8), at: 700 * ms) == [.key(typed == "q" ? .character("q") : .down)])
        // Bytes that follow a finger's key are no late rest either.
        #expect(decoder.take(Array("jj".utf8), at: 800 * ms) == [.key(key), .key(key)])
      }
    }
  }

  @Test(
    "an Escape that was a key too early: its bracket may come at once, by itself; one that is held is a key")
  func earlyEscape() {
    for (bracket, after, rest, wanted) in [
      ("[", 60, "A", [.key(.escape)]), ("[[", 300, "j", [.key(.escape)] + keys("[[j")),
      ("[", 110, "j", [.key(.escape)] + keys("[j")),
    ] as [(String, UInt64, String, [Input])] {
      var decoder = KeyDecoder()
      var found = decoder.take([0x1B], at: 0) + decoder.expire(at: 25 * ms)
      found += decoder.take(Array(bracket.utf8), at: after * ms)
      found += decoder.take(Array(rest.utf8), at: (after + 60) * ms)
      #expect(found == wanted + (rest == "A" ? [.key(.up)] : []), "\(bracket) after \(after) ms")
    }
    func keys(_ text: String) -> [Input] { text.unicodeScalars.map { .key(.character($0)) } }
  }

  @Test("Ctrl-C is swallowed by nothing but a paste", arguments: [false, true])
  func interrupt(_ byByte: Bool) {
    for begun in [
      "\u{1B}[", "\u{1B}[1;", "\u{1B}O", "\u{1B}]", "\u{1B}]11;rgb", "\u{1B}Pq", "\u{1B}]q\u{1B}", "\u{1B}[M",
      "\u{1B}(",
    ] {
      #expect(inputs(begun + "\u{3}", byByte: byByte) == [.key(.control("c"))], "\(begun.debugDescription)")
    }
    #expect(inputs("\u{1B}[200~\u{3}", byByte: byByte) == [.paste("\u{3}")])
  }

  @Test("ESCDELAY says how long an Escape waits, if it is a number of milliseconds")
  func escapeDelay() {
    #expect(KeyDecoder.Delays(escape: nil) == KeyDecoder.Delays())
    #expect(KeyDecoder.Delays(escape: "soon") == KeyDecoder.Delays())
    #expect(KeyDecoder.Delays(escape: "400").escape == 400 * ms)
    #expect(
      KeyDecoder.Delays(escape: "400").sequence == 400 * ms
        && KeyDecoder.Delays(escape: "5").sequence == 100 * ms)
  }

  @Test("a paste is text, whatever is in it", arguments: [false, true])
  func pastes(_ byByte: Bool) {
    func paste(_ text: String) -> [Input] {
      inputs("\u{1B}[200~\(text)\u{1B}[201~j", byByte: byByte)
    }
    for text in [
      "await a new way", "q\u{3}\u{1A}\u{1C}", "\u{1B}[A\u{1B}]q\u{7}", "a\nb", "é漢", "\u{1B}\u{1B}[20", "",
    ] {
      #expect(paste(text) == [.paste(text), .key(.character("j"))], "\(text.debugDescription)")
    }
    // A paste that is never closed ends when nothing more comes.
    #expect(inputs("\u{1B}[200~aq", byByte: byByte) == [.paste("aq")])
    // A large paste is read to its end, but not all of it is kept.
    guard case .paste(let text)? = paste(String(repeating: "q", count: 100_000)).first else {
      Issue.record("no paste")
      return
    }
    #expect(text.allSatisfy { $0 == "q" } && text.count >= 4000 && text.count < 5000)
    // After an Escape that was not read in time, a paste is still a paste.
    #expect(inputs("\u{1B}\u{1B}[200~q\u{1B}[201~", byByte: byByte) == [.paste("q")])
  }

  @Test("the mouse, in both its forms, where it was asked for", arguments: [false, true])
  func mouse(_ byByte: Bool) {
    var decoder = KeyDecoder()
    decoder.wantsMouse = true
    let events: [(String, [Input])] = [
      ("\u{1B}[<0;30;10M", [.click(x: 29, y: 9)]), ("\u{1B}[<4;300;100M", [.click(x: 299, y: 99)]),
      ("\u{1B}[<0;30;10m", []), ("\u{1B}[<2;1;1M", []), ("\u{1B}[<64;1;1M", [.key(.wheelUp)]),
      ("\u{1B}[<65;1;1M", [.key(.wheelDown)]), ("\u{1B}[M !#", [.click(x: 0, y: 2)]),
      ("\u{1B}[M`!!", [.key(.wheelUp)]),
      ("\u{1B}[M#!!", []), ("\u{1B}[<0;0;0M", []), ("\u{1B}[<0;1M", []), ("\u{1B}[<;;;;M", []),
      ("\u{1B}[<99999999999999999999;1;1M", []),
    ]
    for (text, wanted) in events {
      #expect(inputs(text + "j", byByte: byByte, decoder) == wanted + [.key(.character("j"))], "\(text)")
    }
  }

  @Test("the terminal's own entry in the database comes first, also where its keys follow no grammar")
  func database() {
    // A Wyse 50, and the SCO console.
    let sequences = KeySequences(database: [
      ("kbs", [8]), ("kcub1", [8]), ("kcuu1", [11]), ("kf1", Array("\u{1}@\r".utf8)),
      ("kf2", Array("\u{1}A\r".utf8)),
      ("kpp", Array("\u{1B}J".utf8)), ("kf3", Array("\u{1B}[M".utf8)), ("kdch1", Array("\u{1B}[I".utf8)),
      ("kmous", Array("\u{1B}[<".utf8)),
    ])
    let keys: [(String, [Input])] = [
      ("\u{8}", [.key(.backspace)]), ("\u{B}", [.key(.up)]), ("\u{1}@\r", [.key(.function(1))]),
      ("\u{1}A\r", [.key(.function(2))]), ("\u{1B}J", [.key(.pageUp)]), ("\u{1B}[M", [.key(.function(3))]),
      ("\u{1B}[I", []), ("\u{1}", [.key(.control("a"))]),
      ("\u{1}x", [.key(.control("a")), .key(.character("x"))]),
      ("\u{1}@x", [.key(.control("a")), .key(.character("@")), .key(.character("x"))]),
    ]
    for (text, wanted) in keys {
      for byByte in [false, true] {
        #expect(inputs(text, byByte: byByte, KeyDecoder(sequences)) == wanted, "\(text.debugDescription)")
      }
    }
  }

  @Test("the answer whether synchronized output is understood is heard, and is no key")
  func synchronizedOutput() {
    let answers: [(String, Bool?)] = [
      ("0", false), ("1", true), ("2", true), ("3", true), ("4", false), ("", false), ("12", false),
    ]
    for (value, wanted) in answers {
      var decoder = KeyDecoder()
      #expect(decoder.synchronizes == nil)
      #expect(
        inputs(Array("\u{1B}[?2026;\(value)$yj".utf8), byByte: true, &decoder) == [.key(.character("j"))])
      #expect(decoder.synchronizes == wanted, "\(value)")
    }
    for other in ["\u{1B}[?2004;1$y", "\u{1B}[2026;1$y", "\u{1B}[?2026;1y", "\u{1B}[?2026;1"] {
      var decoder = KeyDecoder()
      _ = inputs(Array(other.utf8), &decoder)
      #expect(decoder.synchronizes != true, "\(other.debugDescription)")
    }
  }

  @Test("a charset whose characters have letters in them is read by characters")
  func otherCharsets() {
    // A charset like GB 18030, in which the second byte may be a letter.
    let charset = Charset { bytes in
      bytes.count == 1 ? .incomplete : bytes[1] < 0x40 ? .invalid : .scalar("中")
    }
    for byByte in [false, true] {
      var decoder = KeyDecoder(charset: charset)
      #expect(
        inputs([0xD6, 0x71, 0x6A], byByte: byByte, &decoder) == [
          .key(.character("中")), .key(.character("j")),
        ])
      var other = KeyDecoder(charset: charset)
      #expect(inputs([0x1B, 0xD6, 0x71, 0x6A], byByte: byByte, &other) == [.key(.character("j"))])
    }
    #expect(charset.text(of: [0x61, 0xD6, 0x71, 0xD6, 0x20]) == "a中 ")
  }
}
