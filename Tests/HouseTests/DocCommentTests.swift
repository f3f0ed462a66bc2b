// What is public is documented: the meaning, the errors that it throws, and for what is shared which threads may use it.
import Testing

@Suite("Doc comments")
struct DocCommentTests {
  /// The modules that strangers import. A module that is added here is held to the rules.
  static let modules = ["MPG", "Net", "HTTP", "Inspector"]

  @Test("every public declaration has a doc comment", arguments: modules)
  func documented(_ module: String) throws {
    let symbols = try SymbolGraph.symbols(of: module)
    #expect(symbols.count > 20)
    #expect(symbols.filter { !$0.says(#/\S/#) }.isEmpty)
  }

  @Test("who can throw says what", arguments: modules)
  func errors(_ module: String) throws {
    let throwing = try SymbolGraph.symbols(of: module).filter {
      $0.thrown != nil && $0.kind != "swift.typealias"
    }
    #expect(throwing.count > 0)
    #expect(throwing.filter { !$0.says(#/- Throws:/#) }.isEmpty)
  }

  @Test("a class says which threads may use it", arguments: modules)
  func threads(_ module: String) throws {
    let classes = try SymbolGraph.symbols(of: module).filter { $0.kind == "swift.class" }
    #expect(classes.count > 0)
    #expect(classes.filter { !$0.says(#/[Tt]hread-safe|one thread/#) }.isEmpty)
  }

  @Test("what a declaration throws is told from what its parameters throw")
  func thrownErrors() {
    func thrown(_ declaration: String) -> String? {
      Symbol(
        name: "", kind: "", declaration: declaration, comment: nil, isOwnComment: false, place: ""
      ).thrown
    }
    #expect(thrown("init(opening path: String) throws(FileError)") == "FileError")
    #expect(
      thrown("func wait(_ direction: Pollable.Direction) throws(Pollable.Failure)") == "Pollable.Failure")
    #expect(thrown("func serve(_ mux: Mux) async throws -> Int") == "any Error")
    #expect(thrown("func go(_ body: sending @escaping () throws -> Void)") == nil)
    let blocking =
      "func f<R, Failure>(_ body: () throws(Failure) -> R) throws(Failure) -> R where Failure : Error"
    #expect(thrown(blocking) == nil)
  }
}
