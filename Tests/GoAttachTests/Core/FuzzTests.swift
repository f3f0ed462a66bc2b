// Damaged targets: nothing that is read may crash the reader, keep it for ever, or make it take all memory.
import Foundation
import TestSupport
import Testing

@testable import GoAttach

@Suite("Fuzz: damaged Go programs")
struct FuzzTests {
  private static let cases = Int(ProcessInfo.processInfo.environment["MPG_FUZZ"] ?? "") ?? 1000

  @Test("A damaged scheduler is refused or read, and the reader goes on")
  func schedulers() throws {
    var dice = Dice(20_261_130)
    let target = try FakeTarget()
    let size = target.memory.size
    for _ in 0..<Self.cases {
      var undo: [(UInt64, [UInt8])] = []
      for _ in 0...dice.below(6) {
        let address = target.memory.address(dice.below(size)) & ~7
        guard let old = try? target.memory.bytes(at: address, 8) else { continue }
        undo.append((address, old))
        target.memory.write(Self.word(&dice), at: address)
      }
      read(target)
      for (address, old) in undo.reversed() { target.memory.write(old, at: address) }
    }
    try Validation.check(target.memory, target.layout, target.variables)
  }

  /// Words that do more harm than others: pointers into the target, small and large numbers.
  private static func word(_ dice: inout Dice) -> UInt64 {
    switch dice.below(6) {
    case 0: FakeTarget.m(dice.below(4))
    case 1: FakeTarget.g(dice.below(50))
    case 2: UInt64(dice.below(300))
    case 3: .max - UInt64(dice.below(300))
    case 4: FakeTarget.lists + UInt64(dice.below(0x1000))
    default: dice.next()
    }
  }

  private func read(_ target: FakeTarget) {
    let (memory, layout, variables) = (target.memory, target.layout, target.variables)
    try? Validation.check(memory, layout, variables, attempts: 1)
    var fast = FastReader(memory, layout, variables)
    try? fast.read()
    var machines = MachineReader(memory, layout, variables)
    for _ in 0..<2 { _ = try? machines.read() }
    var gs = GoroutineReader(memory, layout, variables) { $0 & 1 == 1 }
    for now: UInt64 in 1...2 { try? gs.read(at: now) }
    _ = try? WaitReasons(memory, at: variables.waitReasons, count: nil)
  }

  @Test("A damaged core is refused or read")
  func cores() throws {
    var dice = Dice(19)
    let whole = CoreFileTests.writer.bytes
    // Tables and notes; the rest is memory.
    let start = whole.count - 3 * 4096
    for _ in 0..<Self.cases {
      var bytes = whole
      for _ in 0...dice.below(4) { bytes[dice.below(start)] = UInt8(truncatingIfNeeded: dice.next()) }
      if dice.below(8) == 0 { bytes.removeLast(dice.below(bytes.count)) }
      guard let core = try? CoreFile(ArrayBytes(bytes)) else { continue }
      let memory = CoreMemory(core)
      let addresses: [UInt64] = core.pieces.map(\.address) + [0x40_0000, 0x60_0FFC, .max - 7]
      for address in addresses {
        _ = try? memory.bytes(at: address &- 8, 16)
      }
    }
    #expect(try CoreFile(ArrayBytes(whole)).pieces.count == 3)
  }

  @Test("A damaged file is refused or understood")
  func files() throws {
    var dice = Dice(7)
    let whole = FakeFile.bytes
    for _ in 0..<Self.cases {
      var bytes = whole
      for _ in 0...dice.below(4) { bytes[dice.below(bytes.count)] = UInt8(truncatingIfNeeded: dice.next()) }
      if dice.below(8) == 0 { bytes.removeLast(dice.below(bytes.count)) }
      let file = ArrayBytes(bytes)
      guard let elf = try? ELFFile(file) else { continue }
      _ = BuildInfo.version(elf, file)
      _ = Symbols(elf, file)
      _ = elf.rest(at: 0x40_0000)
      if let section = elf.sections[".go.type"], let types = elf.bytes(of: ".go.type", in: file) {
        let memory = FakeMemory([section.address: types])
        let end = section.address &+ UInt64(types.count)
        guard section.address <= end, let fields = try? TypeDescriptors(memory, types: section.address..<end)
        else { continue }
        _ = fields.offset(of: ["timers", "len"], in: "runtime.p")
        _ = fields.offset(of: ["goid"], in: "runtime.g")
      }
    }
    let file = ArrayBytes(whole)
    let elf = try ELFFile(file)
    #expect(BuildInfo.version(elf, file)?.minor == 27)
    #expect(Symbols(elf, file)?.variables["allp"] == .init(address: 0x60_0000, size: 24))
  }
}
