// A build that follows another builds nothing twice.
import Foundation
import TestSupport
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

  @Test("build.sh starts no build when nothing has changed, and one after every kind of change")
  func upToDate() throws {
    let folder = try TemporaryFolder()
    for file in ["Package.swift", "Package.resolved", "Sources/A/a.swift", "Sources/A/b.swift"] {
      try folder.write("1\n".utf8, to: file)
    }
    // A compiler that makes its product of the sources, and keeps count of its calls.
    let compiler = """
      #!/bin/sh
      [ "$1" != --version ] || exec cat version
      mkdir -p out/release
      echo "$2 $3" >>calls
      cat Sources/A/* >"out/release/$3"
      """
    try folder.write(compiler.utf8, to: "compiler")
    try folder.write("1\n".utf8, to: "version")
    unsafe chmod("\(folder.path)/compiler", 0o700)
    /// Whether build.sh started the compiler, after `change`.
    func builds(after change: String = "true", _ command: String = "./compiler build") throws -> Bool {
      let script = "\(change); : >calls; \(Built.repository)/scripts/build.sh out one two -- \(command)"
      let run = try Program.run(Command("bash", "-euc", "cd \(folder.path); \(script)"))
      #expect(run.ending == .code(0), "\(run)")
      let calls = contents(of: "\(folder.path)/calls")
      #expect(["", "--product one\n--product two\n"].contains(calls))
      #expect(run.output.contains("are up to date\n") == calls.isEmpty)
      return !calls.isEmpty
    }

    #expect(try builds())
    #expect(try !builds())
    let changes = [
      "echo 2 >Sources/A/a.swift", "rm Sources/A/b.swift", "echo 3 >Sources/A/c.swift",
      "echo 4 >Package.swift", "rm out/release/two", "echo 5 >>out/release/one", "echo 2 >version",
      "touch -d @0 old; echo x >>old; cp -p old Sources/A/a.swift; touch -d @0 Sources/A/a.swift",
    ]
    for change in changes {
      #expect(try builds(after: change), "\(change)")
      #expect(try !builds(), "\(change)")
    }
    #expect(try builds(after: "true", "./compiler rebuild"))
  }
}
