// The version of Go that built an executable.
import Testing

@testable import GoAttach

@Suite("Build info")
struct BuildInfoTests {
  /// A section as Go writes it, with a version in it.
  static func section(_ version: String) -> [UInt8] {
    [0xFF] + Array(" Go buildinf:".utf8) + [8, 2] + [UInt8](repeating: 0, count: 16)
      + [UInt8(version.utf8.count)] + Array(version.utf8) + [0]
  }

  @Test(
    "A version is found and understood",
    arguments: [("go1.27.3", 27), ("go1.21.13", 21), ("devel go1.28-3f5a", 28)])
  func versions(_ text: String, _ minor: Int) throws {
    let version = try #require(BuildInfo.version(Self.section(text)))
    #expect(version.description == text && version.minor == minor)
  }

  @Test("Damage is no version")
  func damage() {
    var long = Self.section("go1.27.3")
    long[32] = 200
    #expect(BuildInfo.version(long) == nil)
    #expect(BuildInfo.version([]) == nil)
    #expect(BuildInfo.version(Self.section("1.27")) == nil)
    var old = Self.section("go1.17.1")
    old[15] = 0
    #expect(BuildInfo.version(old) == nil)
  }
}
