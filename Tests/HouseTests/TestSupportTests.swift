// What the tests of several targets share stands in Tests/TestSupport, and there once.
import Testing

@Suite("TestSupport")
struct TestSupportTests {
  static let folder = "Tests/TestSupport"

  @Test("It imports no module of the package: a change of one compiles none of it anew")
  func importsNothingOfOurs() {
    let mayImport = Layer.system.union(["Foundation", "Testing"])
    let imports = Import.all.filter { $0.file.isIn(Self.folder) }
    #expect(!imports.isEmpty)
    #expect(imports.filter { !mayImport.contains($0.module) }.isEmpty)
  }

  @Test("Tests have one random generator, so that a seed means the same everywhere")
  func oneGenerator() {
    let conformance = #/^[^"]*\b(?:struct|class|extension)\b.*\bRandomNumberGenerator\b/#
    // The step of a generator that is none by name.
    let step = #/\bstate (?:&\+=|= state &\*)/#
    let files = Repository.swift.filter { file in
      file.isIn("Tests") && file.lines.contains { $0.contains(conformance) || $0.contains(step) }
    }
    #expect(files.map(\.path) == ["\(Self.folder)/Dice.swift"])
  }
}
