// Numbers in the small files below /proc.
import Testing

@testable import Host

@Suite("Bytes below /proc")
struct ProcBytesTests {
  private func bytes(_ text: String) -> ProcBytes { ProcBytes(Array(text.utf8)[...]) }

  @Test("a name counts only where a line begins with it")
  func names() {
    let status = bytes("Name:\tx\nnonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t 12 \nlast:")
    #expect(status.number(after: "voluntary_ctxt_switches:") == 12)
    #expect(status.number(after: "nonvoluntary_ctxt_switches:") == 7)
    for name in ["Name:", "last:", "absent:"] { #expect(status.number(after: name) == nil, "\(name)") }
    #expect(bytes("").number(after: "a") == nil)
  }

  @Test("words stand between blanks, tabs and ends of lines")
  func words() {
    let words = bytes(" 1  20\t300\n").words
    #expect(words.map { ProcBytes.number($0) } == [1, 20, 300])
    #expect(bytes(" \n").words.isEmpty)
  }

  @Test("a word that is no number, or too large for 64 bits, is none")
  func numbers() {
    func number(_ word: String) -> UInt64? { ProcBytes.number(Array(word.utf8)[...]) }
    #expect(number("18446744073709551615") == .max)
    for word in ["", "-1", "+1", "1x", "0x1", "18446744073709551616", "99999999999999999999", "١"] {
      #expect(number(word) == nil, "\(word)")
    }
  }
}
