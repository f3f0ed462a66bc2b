// Compares the views with their golden files. UPDATE_PICTURES=1 rewrites the files; a person then reviews the
// difference.
import Foundation
import Testing

@Suite("Pictures")
struct PictureTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Pictures")
  static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_PICTURES"] == "1"

  @Test("every view looks like its picture", arguments: PictureBook.all)
  func viewMatchesPicture(_ picture: Picture) throws {
    let file = Self.folder.appendingPathComponent(picture.name + ".txt")
    let drawn = picture.lines.joined(separator: "\n") + "\n"
    if Self.isUpdating { try drawn.write(to: file, atomically: true, encoding: .utf8) }

    let golden = try String(contentsOf: file, encoding: .utf8)

    #expect(drawn == golden, "\(picture.name) changed; it is now:\n\(drawn)")
  }

  @Test("no picture lies about unused, and no two have one name")
  func picturesAreTheOnesInTheBook() throws {
    let names = PictureBook.all.map { $0.name + ".txt" }

    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)

    #expect(Set(names).count == names.count)
    #expect(Set(files).symmetricDifference(names).sorted() == [])
  }
}
