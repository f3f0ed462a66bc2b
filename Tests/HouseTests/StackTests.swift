// Rules for code that runs on the stacks of goroutines, which are small and end at a guard page.
import Testing

@Suite("Stacks of goroutines")
struct StackTests {
  @Test(
    "C that runs on them touches each page of a large frame",
    arguments: ["CMPG", "CFaults", "CNet", "CLLHTTP"])
  func framesAreProbed(target: String) {
    let manifest = Repository.text("Package.swift").lines
    #expect(
      manifest.contains { $0.hasPrefix("let c: [CSetting] =") && $0.contains("-fstack-clash-protection") })
    #expect(manifest.contains { $0.contains(#".target(name: "\#(target)""#) && $0.contains("cSettings: c)") })
  }

  @Test("no temporary allocation of a written size is larger than what Swift takes from the stack")
  func temporaryAllocations() {
    let call = #/withUnsafeTemporaryAllocation\((?:of: (\w+).self, capacity|byteCount): ([\d_]+)/#
    let sizes = ["UInt8": 1, "UInt16": 2, "UInt32": 4, "UInt64": 8, "Int": 8]
    let wrong = Repository.swift.filter { $0.isIn("Sources") }.flatMap { file in
      file.numbered.filter { line in
        guard let match = line.text.firstMatch(of: call),
          let count = Int(match.2.filter { $0 != "_" })
        else { return false }
        return count * (match.1.map { sizes[String($0)] ?? 16 } ?? 1) > 1024
      }
      .map { "\(file.path):\($0.number): \($0.text.trimmed)" }
    }
    #expect(wrong.isEmpty)
  }

  @Test("nobody writes the size of a page down where memory is mapped, guarded or given back")
  func pages() {
    let page = #/\b(?:4096|4095|4_096|0x1000|0xfff)\b/#
    let folders = ["Stacks", "Entities"].map { "Sources/Runtime/\($0)" } + ["Sources/CMPG"]
    let wrong = Repository.code.filter { file in folders.contains { file.isIn($0) } }.flatMap { file in
      file.numbered.filter { $0.text.contains(page) }.map {
        "\(file.path):\($0.number): \($0.text.trimmed)"
      }
    }
    #expect(wrong.isEmpty)
  }
}
