// Every code block of the pages (Sources/*/*.docc, and doc comments), compiled and run.
//
//     snippets           lists their names, one a line
//     snippets NAME      runs one
//
// A block lies between `// snippet.NAME` and `// snippet.end`. Lines between `// snippet.hide` and `//
// snippet.show` are compiled and run, but not shown. A page shows the lines as they are here, without their
// common indentation. A block `text` right behind them shows what the snippet prints. Tests check this, and
// also that every block of a page is here, and that every snippet is on a page.
import Foundation

/// A snippet by its name. Each runs in a process of its own, because `MPG.main` ends the process.
let snippets: [String: @Sendable () throws -> Void] = [
  FirstGoroutine.snippets, ChannelsAndSelect.snippets, BlockingCalls.snippets, Sockets.snippets,
  FindingWork.snippets, Watching.snippets, GoDifferences.snippets, DocComments.snippets,
  AttachAndRead.snippets, LookBack.snippets, Sources.snippets,
].reduce(into: [:]) { all, file in all.merge(file) { _, _ in fatalError("two snippets have one name") } }

switch CommandLine.arguments.dropFirst().first {
case nil: for name in snippets.keys.sorted() { print(name) }
case Watched.name: Watched.run()
case let name?:
  guard let snippet = snippets[name] else {
    FileHandle.standardError.write(Data("snippets: there is no snippet \(name)\n".utf8))
    exit(64)
  }
  do {
    try snippet()
  } catch {
    FileHandle.standardError.write(Data("snippets: \(name): \(error)\n".utf8))
    exit(1)
  }
}
