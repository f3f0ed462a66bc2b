// Looking for a text in a text, as Swift's own library of regular expressions has it.
import Host
import Testing

@Suite("Text in text") struct TextSearchTests {
  @Test(
    "a part is found where Swift's own search finds it",
    arguments: ["", "a", "STATE", "PID NAME STATE", " at ", "f at g at h", "aab", "ü at 漢", "utf"],
    ["a", "STATE", " at ", "ab", "漢", "utf8", ""])
  func sameAsSwift(_ text: String, _ part: String) {
    #expect(text.includes(part) == text.contains(part))
    let place = part.isEmpty ? nil : text.firstRange(of: part)?.lowerBound
    #expect(text.firstPlace(of: part) == place)
  }

  @Test("a place in a piece of a text is one of the whole text")
  func inAPiece() throws {
    let text = "a. b. c"
    let rest = text.dropFirst(3)
    let place = try #require(rest.firstPlace(of: ". "))
    #expect(text[place...] == ". c")
  }
}
