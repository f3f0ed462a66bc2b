// The module that stands for FoundationEssentials in the installed programs does what Foundation does.
import Essentials
import Foundation
import TestSupport
import Testing

@Suite("In place of Foundation") struct EssentialsTests {
  /// Values of the kinds that swift-argument-parser writes as JSON, and the others that a type may be made of.
  private struct Whole: Encodable {
    enum Kind: String, Encodable { case flag, option }
    enum Completion: Encodable {
      case list(values: [String])
      case none
    }
    struct Part: Encodable {
      var name: String?
      var kinds: [Kind]
    }

    var words = ["", "plain", "a/b \\ \"c\"\n\r\t\u{8}\u{c}\u{1}\u{7f}", "ü 漢 🙂"]
    var none: Int?
    var yes = true
    var number = -7
    var large = UInt64.max
    var part = 0.25
    var nothing: [String] = []
    var completions = [Completion.list(values: ["a"]), .none]
    var nested = ["z": Part(name: "n", kinds: [.option, .flag]), "a": Part(name: nil, kinds: [])]
    var optional: [Int?] = [1, nil]
  }

  @Test("JSON is byte for byte that of Foundation's encoder, as swift-argument-parser asks for it")
  func sameJSON() throws {
    let theirs = Foundation.JSONEncoder()
    theirs.outputFormatting = [.prettyPrinted, .sortedKeys]
    let ours = Essentials.JSONEncoder()
    ours.outputFormatting = [.prettyPrinted, .sortedKeys]
    let expected = String(decoding: try theirs.encode(Whole()), as: UTF8.self)
    let bytes: Essentials.Data = try ours.encode(Whole())
    #expect(String(data: bytes, encoding: .utf8) == expected)
  }
}
