// The corpus of requests that the Swift tests share with differential.py. The corpus file itself describes
// its format.

import Foundation
import Testing

struct CorpusCase: CustomTestStringConvertible, Sendable {
  let name: String
  let statuses: [Int]
  let bytes: [UInt8]

  var testDescription: String { name }

  static let all = load()

  private static func load() -> [CorpusCase] {
    let here = URL(filePath: #filePath).deletingLastPathComponent()
    let file = here.appending(path: "Differential/corpus.txt")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { fatalError("no \(file.path())") }
    return text.components(separatedBy: "\n== ").dropFirst().map { parse($0.components(separatedBy: "\n")) }
  }

  private static func parse(_ lines: [String]) -> CorpusCase {
    let keys = ["ours: ", "h11: ", "httptools: ", "why: "]
    var statuses: [Int] = []
    var bytes: [UInt8] = []
    for line in lines.dropFirst() where !line.hasPrefix("#") {
      if line.hasPrefix("ours: ") {
        statuses = line.dropFirst(6).split(separator: " ").compactMap { Int($0) }
      } else if !keys.contains(where: line.hasPrefix) {
        bytes += unescape(Array(line.utf8))
      }
    }
    precondition(!statuses.isEmpty && !bytes.isEmpty, "\(lines[0]): not a case")
    return CorpusCase(name: lines[0], statuses: statuses, bytes: bytes)
  }

  private static func unescape(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "\\"):
        index += 2
        switch text[index - 1] {
        case UInt8(ascii: "r"): result.append(13)
        case UInt8(ascii: "n"): result.append(10)
        case UInt8(ascii: "t"): result.append(9)
        case UInt8(ascii: "x"):
          result.append(UInt8(String(decoding: text[index..<index + 2], as: UTF8.self), radix: 16)!)
          index += 2
        case let other: result.append(other)
        }
      case UInt8(ascii: "{"):
        let end = text[index...].firstIndex(of: UInt8(ascii: "}"))!
        let star = text[index..<end].lastIndex(of: UInt8(ascii: "*"))!
        let count = Int(String(decoding: text[star + 1..<end], as: UTF8.self))!
        let unit = unescape(Array(text[index + 1..<star]))
        for _ in 0..<count { result += unit }
        index = end + 1
      case let byte:
        result.append(byte)
        index += 1
      }
    }
    return result
  }
}
