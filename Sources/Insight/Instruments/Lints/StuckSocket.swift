// Stuck socket: bytes lie in a socket, and nothing moves.
import Observed

/// Value: the nanoseconds for which, at every look, bytes lay in the socket and nothing moved. If a G waits for the socket and
/// has not run in that time, the lint reports five seconds or more, after three looks or more: a G that netpoll readied
/// runs sooner, even on a machine with far too much to do. If no G waits for the socket, the lint reports ten seconds or more,
/// after eight looks or more, at which the bytes did not become fewer: another G than the one that was seen to read the socket
/// may read it now. If no look has ever seen a G read it, the number of bytes must have been the same at every look: a socket
/// that is in use seldom has the same number twice. A single byte does not count, since the end of a connection counts as one.
struct StuckSocket: Lint {
  static let (looks, time): (Int, UInt64) = (3, 5_000_000_000)
  static let (looksWithoutG, timeWithoutG): (Int, UInt64) = (8, 10_000_000_000)

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    guard let sightings = instruments.sightings else { return [] }
    let stuck = sightings.stuckSockets.filter {
      let lasted = sightings.time - min(sightings.time, $0.since)
      return $0.g == nil || $0.kind == .unread
        ? $0.looks >= Self.looksWithoutG && lasted >= Self.timeWithoutG
        : $0.looks >= Self.looks && lasted >= Self.time
    }
    // Many sockets with one cause are one finding.
    let kinds: [Sightings.StuckSocket.Kind] = [.unheard, .unread, .untaken]
    return kinds.compactMap { kind in
      let all = stuck.filter { $0.kind == kind }
      guard let worst = all.first else { return nil }
      let lasted = sightings.time - worst.since
      let others = all.count > 1 ? "; and \(counted(all.count - 1, "socket")) more like it" : ""
      return Finding(
        lint: LintName.stuckSocket.rawValue,
        message: Self.text(worst, TimeText.short(lasted), instruments) + others,
        g: worst.g, entry: worst.g.flatMap { instruments.name(of: $0).entry }, value: Double(lasted),
        threshold: Double(worst.g == nil || kind == .unread ? Self.timeWithoutG : Self.time))
    }
  }

  private static func text(_ stuck: Sightings.StuckSocket, _ lasted: String, _ instruments: Instruments)
    -> String
  {
    let ends = [stuck.socket.local, stuck.socket.peer].compactMap { $0 }.joined(separator: " to ")
    let bytes = counted(stuck.bytes, "byte")
    let g = stuck.g.map { instruments.name(of: $0).text }
    switch stuck.kind {
    case .unheard:
      return
        "\(bytes) have lain in fd \(stuck.fd) (\(ends)) for at least \(lasted), and \(g ?? "a G") waits to read them: it "
        + "was not told"
    case .unread:
      guard let g else {
        return
          "the same \(bytes) lay in fd \(stuck.fd) (\(ends)) at each of \(stuck.looks) looks in \(lasted), and no G "
          + "waits to read them"
      }
      return
        "\(bytes) have lain in fd \(stuck.fd) (\(ends)) for at least \(lasted), and no G waits to read them; \(g), which "
        + "read it before, " + (stuck.words.map { "waits for \($0)" } ?? "does not wait")
    case .untaken:
      return
        "\(g ?? "a G") waits to write to fd \(stuck.fd) (\(ends)): the other end has not taken \(bytes) for at least "
        + lasted
    }
  }
}
