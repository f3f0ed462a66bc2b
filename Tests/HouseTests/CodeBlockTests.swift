// The measure of blocks, on small sources: what is counted, from which line, and what only looks like a block.
import Testing

@Suite("The measure of blocks")
struct CodeBlockTests {
  /// Each block as "line+length".
  private func blocks(_ text: String) -> [String]? {
    CodeBlock.all(in: TextFile(path: "x.swift", lines: text.components(separatedBy: "\n")))?
      .map { "\($0.owner) \($0.line)+\($0.length)" }
  }

  @Test("A function counts from its keyword to its brace, whatever stands before and between")
  func functions() {
    let text = """
      struct S {
        init() {
        }
        @inline(never)
        public static func f(
          a: Int, g: () -> Void = {}
        ) {
          while true {
          }
        }
        func oneLine() {}
      }
      """
    #expect(
      blocks(text) == ["initialiser 2+2", "block 6+1", "block 8+2", "function 5+6", "function 11+1"])
  }

  @Test("So do initialisers, deinitialisers, subscripts and what stands inside them")
  func initialisers() {
    let text = """
      final class C {
        convenience init?(
          _ a: Int
        ) {
          self.init(b: a)
          func nested() {
          }
        }
        deinit {
        }
        subscript(i: Int) -> Int {
          get {
            1
          }
          set(new) {
          }
        }
      }
      """
    #expect(
      blocks(text) == [
        "function 6+2", "initialiser 2+7", "deinitialiser 9+2", "block 12+3", "block 15+2",
        "subscripted 11+7",
      ])
  }

  @Test("A computed property counts from its `var`; observers and closures count from their own braces")
  func properties() {
    let text = """
      extension E {
        var computed: [Int] {
          []
        }
        var stored: Int
        static let closure = { (x: Int) in
          x
        }
        var observed = 1 {
          didSet {
          }
        }
        lazy var made: Int = {
          2
        }()
        var ofLongType:
          Int
        {
          3
        }
      }
      """
    #expect(
      blocks(text) == ["property 2+3", "block 6+3", "block 10+2", "block 9+4", "block 13+3", "property 16+5"])
  }

  @Test("A closure counts from its brace, in parentheses, in brackets, behind a call and inside another")
  func closures() {
    let text = """
      let f = [call({
        1
      }), other(init: 1) {
        inner.map {
          $0
        }
      }]
      var n: Int
      n.times {
      }
      """
    #expect(blocks(text) == ["block 1+3", "block 4+3", "block 3+5", "block 9+2"])
  }

  @Test("Bodies of types are no blocks; a requirement has none; a value named `actor` declares nothing")
  func types() {
    let text = """
      public actor A {
        enum E { case a }
        class func make() -> A {
          A()
        }
      }
      protocol P: AnyObject {
        var x: Int { get }
        func f()
      }
      func g(actor: A) {
        actor.run {
        }
        x.init {
        }
      }
      """
    #expect(blocks(text) == ["function 3+3", "property 8+1", "block 12+2", "block 14+2", "function 11+6"])
  }

  @Test("Braces in strings, comments and regular expressions are text; code in a string is code")
  func texts() {
    let text = ##"""
      func f() {
        _ = "}" + "\"}" + #"}"}"# + "\("}" + a.map { "}" })"
        // }
        /* } /* } */ } */
        _ = """
          } " }
          \(a.map {
            1
          })
          """
        _ = [#/}/}/#, a.contains(/\}\/"}/), a / b, c / d]
      }
      """##
    #expect(blocks(text) == ["block 2+1", "block 7+3", "function 1+12"])
  }

  @Test(
    "What does not end is not understood, and never passes for short",
    arguments: [
      "func f() {", "}", "f(]", "let s = \"a", "/* /* */", "let r = #/a", "\"\\(a\"", "\"\"\"\n a",
    ])
  func brokenSources(text: String) {
    #expect(blocks(text) == nil)
  }
}
