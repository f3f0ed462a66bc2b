// A million bytes of what terminals and broken connections send, on every screen. Only real keys may act.
import Inspector
import TestSupport
import Testing

@testable import TUI

@Suite("Input that is no keys")
struct InputFuzzTests {
  /// Random input, in pieces as they may be read. No piece asks for the end or for a recording.
  private struct Noise {
    private var dice: Dice
    init(seed: UInt64) { dice = Dice(seed) }

    private mutating func pick<C: RandomAccessCollection>(_ from: C) -> C.Element {
      from.randomElement(using: &dice)!
    }
    private mutating func text(_ most: Int, _ range: ClosedRange<UInt8> = 0x20...0x7E) -> [UInt8] {
      (0..<Int.random(in: 0...most, using: &dice)).map { _ in UInt8.random(in: range, using: &dice) }
    }

    /// A complete sequence of a random kind.
    private mutating func sequence() -> [UInt8] {
      let escape: [UInt8] = [0x1B]
      let end: [UInt8] = pick([[0x07], [0x1B, 0x5C]])
      switch Int.random(in: 0..<10, using: &dice) {
      case 0: return escape + [pick(Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMQRSTUVWYZ0123456789".utf8))]
      case 1: return escape + Array("[".utf8) + text(6, 0x30...0x3B) + [pick(Array("qawcnuRIOyz@^".utf8))]
      case 2: return escape + Array("]".utf8) + text(40) + end
      case 3: return escape + [pick(Array("P_^X".utf8))] + text(40) + [0x1B, 0x5C]
      case 4:
        return escape + Array("[200~".utf8) + text(60, 0...0xFF).filter { $0 != 0x1B }
          + Array("\u{1B}[201~".utf8)
      case 5:
        return escape + Array("[<\(pick(0...70));\(pick(0...99));\(pick(0...50))\(pick(["M", "m"]))".utf8)
      case 6: return escape + Array("O".utf8) + [pick(Array("jklmnopqrstuvwxyEI".utf8))]
      case 7: return escape + Array("[M".utf8) + text(0) + [0x20, 0x71, 0x71]
      case 8: return escape + Array("[\(pick([23, 25, 34, 27]));\(pick(1...9))~".utf8)
      default: return escape + Array("[?\(pick(1...99));\(pick(1...9))\(pick(["c", "n", "$y", "u"]))".utf8)
      }
    }

    /// The next bytes, and whether time passes after them.
    mutating func next() -> (bytes: [UInt8], isPause: Bool) {
      switch Int.random(in: 0..<20, using: &dice) {
      case 0:
        return (
          Array(pick(["j", "k", "G", "2", "s", "/", "x", "?", "\t", "[", "t", "o", "\u{1B}[B", "é"]).utf8),
          false
        )
      case 1: return ([0x1B], true)
      case 2: return (Array(":".utf8) + Array("\u{1B}[200~quit\r\u{1B}[201~".utf8) + [0x1B], true)
      case 3: return (text(4, 0x80...0xFF), true)
      case 4, 5:
        // A sequence that is cut somewhere after its first byte. The rest never comes.
        let whole = sequence()
        return (Array(whole.prefix(Int.random(in: 1...whole.count, using: &dice))), true)
      default: return (sequence(), false)
      }
    }

    mutating func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
      guard Bool.random(using: &dice), bytes.count > 1 else { return [bytes[...]] }
      let cut = Int.random(in: 1..<bytes.count, using: &dice)
      return [bytes[..<cut], bytes[cut...]]
    }
  }

  @Test(
    "a hundred thousand bytes on each screen end nothing and record nothing", arguments: ScreenID.allCases)
  func fuzz(_ screen: ScreenID) {
    var state = AppState(size: Size(columns: 100, rows: 30), screen: screen)
    _ = state.update(.frame(Fixtures.calm()))
    var (decoder, noise) = (KeyDecoder(), Noise(seed: UInt64(screen.rawValue) + 1))
    decoder.wantsMouse = true
    var (now, count, wrong) = (UInt64(0), 0, [String]())
    func act(_ inputs: [Input], _ bytes: [UInt8]) {
      for input in inputs {
        switch state.update(.input(input)) {
        case .end, .record: wrong.append("\(input) of \(bytes)")
        default: break
        }
      }
    }
    while count < 100_000, wrong.count < 5 {
      let (bytes, isPause) = noise.next()
      for piece in noise.pieces(of: bytes) {
        act(decoder.take(piece, at: now), bytes)
        now += 1_000_000
      }
      count += bytes.count
      if isPause {
        now += 600_000_000
        act(decoder.expire(at: now), bytes)
        #expect(decoder.deadline == nil)
      }
    }
    #expect(wrong == [])
    // After all that, the dashboard must still react to keys.
    if state.prompt != nil { _ = state.update(.input(.key(.escape))) }
    now += 600_000_000
    act(decoder.expire(at: now), [])
    #expect(decoder.take([UInt8(ascii: "q")], at: now).map { state.update(.input($0)) } == [.end(.quit)])
  }
}
