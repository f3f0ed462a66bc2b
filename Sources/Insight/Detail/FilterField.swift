// The fields that a filter can name: one for every column of every list.

/// A field that a filter can name. The raw value is its name.
public enum FilterField: String, Sendable, CaseIterable {
  /// A field whose value a row has in itself, so that no column need be formatted.
  case g, state, reason, age, site, at, stack, labels, p, m, fd, by, kind, dir, lane, tid, peer, lrq, use,
    cpu, locked, text
  /// A field whose value is read from the text that the column with this name prints.
  case below, max, search, gsrun, steals, lost, gsgot, hits, tries, gcache, stacks, run, sched, call, nop, os,
    stall
  /// A field whose value is read from the text that the column with this name prints.
  case inc, cputime, stalled, gaveup, taken, looks, gs, asteal, calls, here, holds, written, timesround,
    running,
    ready

  /// Finds a field by its name, or by the title of a column. Ignores blanks and signs. nil: there is none.
  public init?(name: some StringProtocol) {
    let word = name.lowercased().filter { $0.isLetter && $0.isASCII }
    guard let field = FilterField(rawValue: word) ?? Self.others[word] else { return nil }
    self = field
  }

  /// Further names of fields, as the titles of columns have them.
  private static let others: [String: FilterField] = [
    "since": .age, "longest": .age, "waitsfor": .reason, "waits": .reason, "spawnedat": .site,
    "spawned": .site,
    "entrypointoftheg": .site, "entry": .site, "stateorwaitreason": .state, "lrqof": .lrq, "now": .lrq,
    "for": .dir,
    "stacktheprogramsowncalls": .stack, "lockedto": .locked, "thief": .p, "which": .g, "ring": .lane,
    "what": .text,
  ]

  /// Whether the field's values are lengths of time.
  package var isTime: Bool { [.age, .cputime, .stalled].contains(self) }

  /// Whether the field's values are words, and not numbers.
  package var isText: Bool {
    switch self {
    case .state, .reason, .site, .at, .stack, .labels, .kind, .dir, .lane, .peer, .text, .os, .here: true
    default: false
    }
  }

  /// A term about this field, as an example in messages.
  package var example: String {
    switch self {
    case .age, .cputime, .stalled: "\(self)>100ms"
    case .use, .cpu, .search, .hits, .stall, .gcache, .stacks, .run, .sched, .call, .calls, .nop:
      "\(self)>50%"
    case .g, .by, .p, .m, .fd, .tid, .locked: "\(self):3"
    default: "\(self)>100"
    }
  }
}
