// Offsets by name: from type descriptors, and what happens when one is missing.
import Testing

@testable import GoAttach

@Suite("Layouts")
struct LayoutTests {
  @Test("Type descriptors tell fields, and fields of fields")
  func descriptors() throws {
    let end = FakeTypes.base + UInt64(FakeTypes.bytes.count)
    let types = try TypeDescriptors(
      FakeMemory([FakeTypes.base: FakeTypes.bytes]), types: FakeTypes.base..<end)
    #expect(types.offset(of: ["id"], in: "runtime.p") == 0)
    #expect(types.offset(of: ["timers"], in: "runtime.p") == 8840)
    #expect(types.offset(of: ["timers", "len"], in: "runtime.p") == 8872)
    #expect(types.offset(of: ["timers", "none"], in: "runtime.p") == nil)
    #expect(types.offset(of: ["id"], in: "runtime.m") == nil)
  }

  @Test(
    "A field that is missing is a refusal that names it, and never offset 0",
    arguments: FakeFields.go127.offsets.keys.sorted())
  func missing(_ name: String) throws {
    var fields = FakeFields.go127
    fields.offsets[name] = nil
    let optional = [
      "p.timers.len", "p.timers.zombies", "p.goroutinesCreated", "g.parentGoid", "g.labels",
      "g.trackingSeq",
    ]
    let table = try #require(SchedulerTable(minor: 27))
    if optional.contains(name) {
      let layout = try GoLayout(.descriptors, fields, scheduler: table)
      #expect(layout.p.timerCount == nil || name != "p.timers.len")
    } else {
      #expect(throws: GoRefusal.field(name)) { try GoLayout(.descriptors, fields, scheduler: table) }
    }
  }

  @Test(
    "There is a row of the table for each version, and for no other",
    arguments: [20, 21, 22, 24, 25, 26, 27, 28])
  func table(_ minor: Int) {
    #expect((SchedulerTable(minor: minor) != nil) == (21...27).contains(minor))
  }
}
