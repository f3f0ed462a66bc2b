// A build that follows another builds nothing twice.
import Testing

@Suite("Builds")
struct BuildTests {
  @Test("Whether there is a terminal changes no compiler flags: nothing is built again for its colours")
  func sameFlags() {
    let calls = ([Repository.makefile] + Repository.scripts).flatMap { file in
      file.numbered.filter { !$0.text.trimmed.hasPrefix("#") }
        .filter {
          $0.text.contains(#/(?:\$\(SWIFT\)|\bswift) (?:build|test)\b/#)
            && !$0.text.contains(#/--version|usage/#)
        }
        .map { "\(file.path):\($0.number): \($0.text.trimmed)" }
    }
    #expect(calls.count > 8)
    let alike = ["$(ALIKE)", "$(RELEASE)", "$(CHECKED)", "--no-color-diagnostics"]
    #expect(calls.filter { call in !alike.contains { call.contains($0) } } == [])
    for name in ["ALIKE := --no-color-diagnostics", "RELEASE := $(ALIKE) ", "CHECKED := $(ALIKE) "] {
      #expect(Repository.makefile.lines.contains { $0.hasPrefix(name) }, "\(name)")
    }
  }
}
