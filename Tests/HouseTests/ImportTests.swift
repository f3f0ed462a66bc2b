// Which module may import which: the arrows of ARCHITECTURE.md, compared with the `import` lines.
import Testing

/// One `import` line.
struct Import: Sendable, CustomStringConvertible {
  let file: TextFile
  let line: Int
  let module: String
  var description: String { "\(file.path):\(line) imports \(module)" }

  static let all = Repository.swift.flatMap { file in
    file.numbered.compactMap { number, text in
      module(importedBy: text).map { Import(file: file, line: number, module: $0) }
    }
  }

  /// The module that a line imports: `Region` for `public import struct Region.Record`.
  static func module(importedBy line: String) -> String? {
    let pattern =
      #/
      ^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public\s+|package\s+|internal\s+|fileprivate\s+|private\s+)?import\s+
      (?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)
      /#
    return line.firstMatch(of: pattern).map { String($0.1) }
  }
}

/// The modules that a folder of Sources may import, besides the system's own (`Glibc`, `Synchronization`).
struct Layer: Sendable, CustomStringConvertible {
  let folder: String
  let mayImport: Set<String>
  var description: String { folder }

  /// Modules that come with the toolchain and make a program no larger. Foundation is not one of them.
  static let system: Set = ["Glibc", "Musl", "Darwin", "Synchronization"]

  static let all = [
    Layer(folder: "Region", mayImport: []),
    Layer(folder: "Essentials", mayImport: []),
    Layer(folder: "Runtime", mayImport: ["Region", "CMPG", "CIOCP", "HeapModule"]),
    Layer(folder: "Net", mayImport: ["MPG", "CNet"]),
    Layer(folder: "HTTP", mayImport: ["MPG", "Net", "CLLHTTP"]),
    Layer(folder: "demo", mayImport: ["MPG", "Net", "HTTP", "ArgumentParser"]),
    Layer(folder: "load", mayImport: ["MPG", "Net", "CLLHTTP", "Histogram", "ArgumentParser"]),
    Layer(folder: "bench", mayImport: ["MPG", "Net", "Region"]),
    Layer(folder: "gobench", mayImport: ["GoAttach"]),
    Layer(folder: "tracebench", mayImport: ["GoTrace"]),
    Layer(folder: "soak", mayImport: ["MPG", "Net", "Inspector", "Region", "CSoak", "ArgumentParser"]),
    Layer(folder: "Host", mayImport: ["Region"]),
    Layer(folder: "Observed", mayImport: ["Region", "Host"]),
    Layer(folder: "RegionSource", mayImport: ["Region", "Host", "Observed"]),
    Layer(folder: "History", mayImport: ["Region", "Host", "Observed"]),
    Layer(folder: "Wire", mayImport: ["Region", "Host", "Observed", "History", "CZstd"]),
    Layer(folder: "Insight", mayImport: ["Region", "Host", "Observed", "History", "Histogram"]),
    Layer(folder: "Exports", mayImport: ["Region", "Host", "Observed", "History", "Insight", "GoTrace"]),
    Layer(folder: "Pprof", mayImport: ["CGzip"]),
    Layer(folder: "GoTrace", mayImport: ["CGzip", "Pprof"]),
    Layer(
      folder: "TraceSource", mayImport: ["Region", "Host", "Observed", "History", "GoTrace", "CLLHTTP"]),
    Layer(
      folder: "Inspector",
      mayImport: ["Region", "Host", "Observed", "RegionSource", "History", "Wire", "Insight", "Exports"]),
    Layer(folder: "Lessons", mayImport: ["Region", "Inspector"]),
    Layer(folder: "lesson", mayImport: ["MPG", "ArgumentParser"]),
    Layer(folder: "TUI", mayImport: ["Region", "Inspector", "Lessons", "CNcurses"]),
    Layer(folder: "GoAttach", mayImport: ["Region", "Host", "Observed", "CGoAttach", "Pprof"]),
    Layer(
      folder: "mpgtop",
      mayImport: [
        "Region", "GoAttach", "GoTrace", "TraceSource", "Inspector", "Lessons", "TUI", "CLLHTTP",
        "ArgumentParser",
      ]),
  ]
}

@Suite("Imports")
struct ImportTests {
  @Test("An import line is understood in all its forms")
  func formsOfImport() {
    #expect(Import.module(importedBy: "import Region") == "Region")
    #expect(Import.module(importedBy: "public import Region") == "Region")
    #expect(Import.module(importedBy: "@testable import MPG") == "MPG")
    #expect(Import.module(importedBy: "@_spi(Tests) internal import struct Region.Record") == "Region")
    #expect(Import.module(importedBy: "// import Region") == nil)
  }

  @Test("A layer imports only what lies below it", arguments: Layer.all)
  func layers(_ layer: Layer) {
    let imports = Import.all.filter { $0.file.isIn("Sources/\(layer.folder)") }
    let wrong = imports.filter { !layer.mayImport.union(Layer.system).contains($0.module) }
    #expect(wrong.isEmpty)
  }

  @Test("Every folder of Sources with Swift in it has its layer")
  func everyFolderIsALayer() {
    let folders = Repository.swift.filter { $0.isIn("Sources") }
      .compactMap { $0.path.split(separator: "/").dropFirst().first.map(String.init) }
    #expect(Set(folders) == Set(Layer.all.map(\.folder)))
  }

  /// Rows of ARCHITECTURE's table of targets, by folder: the target, and what it may import.
  private static let rows: [String: (target: String, mayImport: Set<String>)] = {
    let rows = Repository.architecture.lines.compactMap { line -> (String, (String, Set<String>))? in
      guard let row = line.firstMatch(of: #/^\| `([\w-]+)` \| `Sources\/(\w+)` \| ([^|]*) \|/#) else {
        return nil
      }
      let imports = row.3.matches(of: #/`(\w+)`/#).map { String($0.1) }
      return (String(row.2), (String(row.1), Set(imports)))
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }()

  @Test("ARCHITECTURE's table of targets is what the layers are", arguments: Layer.all)
  func tableOfTargets(_ layer: Layer) {
    #expect(Self.rows[layer.folder]?.mayImport == layer.mayImport)
  }

  @Test("Every folder of Sources has a row in the table and a place in the package, and nothing else has")
  func tableIsWhole() {
    let folders = Set(
      Repository.paths(below: "Sources").compactMap { path in
        path.split(separator: "/").dropFirst().first.map(String.init)
      })
    #expect(Set(Self.rows.keys) == folders)
    let package = Repository.text("Package.swift").lines.joined(separator: "\n")
    #expect(Self.rows.values.allSatisfy { package.contains("name: \"\($0.target)\"") })
  }

  @Test("Every target that other targets import is drawn in ARCHITECTURE's picture")
  func pictureIsWhole() {
    let lines = Repository.architecture.lines
    let picture = lines.drop { $0 != "```" }.dropFirst().prefix { $0 != "```" }.joined(separator: " ")
    let drawn = Set(picture.matches(of: #/[\w-]+/#).map { String($0.0) })
    let imported = Set(Layer.all.flatMap(\.mayImport)).intersection(Self.rows.values.map(\.target))
    #expect(imported.subtracting(drawn).subtracting(["CSoak"]).isEmpty)
  }

  @Test("Region imports Synchronization and nothing else")
  func regionIsPure() {
    #expect(Import.all.filter { $0.file.isIn("Sources/Region") && $0.module != "Synchronization" }.isEmpty)
  }

  @Test("Only one file knows ncurses")
  func oneFileKnowsNcurses() {
    let files = Import.all.filter { $0.module == "CNcurses" && $0.file.isIn("Sources") }.map(\.file.path)
    #expect(files.count <= 1, "\(files)")
    #expect(files.allSatisfy { $0.hasPrefix("Sources/TUI/") })
  }

  @Test("Views take the region's vocabulary, never its rings and records")
  func viewsDoNotReadRings() {
    let wire = #/\b(RingReader|RingWriter|Record|Word)\b/#
    let wrong = Repository.swift.filter { $0.isIn("Sources/TUI") }.flatMap { file in
      file.numbered.filter { $0.text.contains(wire) && !$0.text.trimmed.hasPrefix("//") }
        .map { "\(file.path):\($0.number): \($0.text.trimmed)" }
    }
    #expect(wrong.isEmpty)
  }
}

extension String {
  var trimmed: String { String(drop(while: \.isWhitespace)) }
}
