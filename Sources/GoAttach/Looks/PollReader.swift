// Which descriptor each parked G waits for.
//
// When the runtime registers a descriptor with epoll, it hands the kernel the address of its pollDesc, and the kernel returns
// that address with each event. The kernel also shows it, in /proc/PID/fdinfo of the epoll descriptor. A pollDesc holds the
// descriptor's number and the Gs that wait to read and to write. The runtime keeps no list of pollDescs, so the kernel's list
// is the way to all of them.
//
// While the kernel writes that list, the program cannot poll: for some microseconds for each ten descriptors. So the list is
// read only for the table of Gs, at most once a second, and not at all when it is long.
internal import Glibc
import Host

/// Finds the descriptor that each parked G waits for. Not thread-safe.
struct PollReader {
  /// A descriptor that a G waits for.
  struct Wait: Equatable {
    var descriptor: Int
    var isWriting: Bool
  }

  private let pid: Int32
  private let memory: any TargetMemory
  private let reader, writer: Int
  /// The number of the epoll descriptor; nil: not looked for yet, or there is none.
  private var epoll: Int?
  private var next: UInt64 = 0
  private(set) var waits: [UInt64: Wait] = [:]
  /// How many descriptors the runtime has registered; nil: not known.
  private(set) var descriptors: Int?

  /// The kernel's list is not read when more Gs than this wait for descriptors.
  static let mostWaits = 4096
  private static let (pause, limit): (UInt64, Int) = (1_000_000_000, 1 << 20)

  /// In Go 1.21 to 1.27 the fields of pollDesc have the same places. Each pollDesc that is read must hold its descriptor's
  /// number, so other places would be noticed.
  private static let (descriptorPlace, readerPlace, writerPlace, size) = (8, 32, 40, 64)

  init(_ program: GoProgram) {
    (pid, memory) = (program.pid, program.memory)
    (reader, writer) = (
      program.layout.pollReader ?? Self.readerPlace, program.layout.pollWriter ?? Self.writerPlace
    )
  }

  /// Reads the kernel's list again, if that was done a second ago or earlier.
  ///
  /// - Parameter count: how many Gs wait for descriptors.
  mutating func look(waiting count: Int, at now: UInt64) {
    guard now >= next else { return }
    next = now + Self.pause
    (waits, descriptors) = ([:], nil)
    guard count <= Self.mostWaits, let list = registered() else { return }
    var batch = MemoryBatch()
    for (_, address) in list { batch.add(address, Self.size) }
    guard (try? batch.read(memory)) != nil else { return }
    var found = 0
    for (index, (descriptor, _)) in list.enumerated() {
      guard let place = batch.place(index),
        batch.bytes.word(place + Self.descriptorPlace) == UInt64(descriptor)
      else { continue }
      found += 1
      // Each word is 0: no G waits; 1: the descriptor is ready; 2: a G is about to wait; or else the address of the waiting G.
      let (r, w) = (batch.bytes.word(place + reader), batch.bytes.word(place + writer))
      if r > 2 { waits[r] = Wait(descriptor: descriptor, isWriting: false) }
      if w > 2 { waits[w] = Wait(descriptor: descriptor, isWriting: true) }
    }
    descriptors = found
  }

  /// The descriptors that the kernel watches, and where the pollDesc of each may be; nil: this cannot be known.
  private mutating func registered() -> [(descriptor: Int, address: UInt64)]? {
    if epoll == nil { epoll = findEpoll() }
    guard let epoll else { return nil }
    let text = String(decoding: wholeFile("/proc/\(pid)/fdinfo/\(epoll)", limit: Self.limit), as: UTF8.self)
    var list: [(Int, UInt64)] = []
    for line in text.split(separator: "\n") where line.hasPrefix("tfd:") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      guard words.count >= 6, let descriptor = Int(words[1]), words[4] == "data:",
        let data = UInt64(words[5], radix: 16)
      else { continue }
      // The runtime shifts the address, to make room for a number by which it recognises events of a former use of the
      // pollDesc. The address has 48 bits, or 49 from Go 1.25 on, so both shifts are tried. Only at the right address lies the
      // descriptor's number.
      for shift in [19, 18] {
        let address = UInt64(bitPattern: (Int64(bitPattern: data) >> Int64(shift)) << 3)
        if isPlausible(pointer: address) { list.append((descriptor, address)) }
      }
    }
    return list
  }

  private func findEpoll() -> Int? {
    let names = (try? listing(of: "/proc/\(pid)/fd", limit: 1 << 16)) ?? []
    return names.compactMap { Int($0) }.sorted().first {
      ProcessFacts.link("/proc/\(pid)/fd/\($0)") == "anon_inode:[eventpoll]"
    }
  }
}
