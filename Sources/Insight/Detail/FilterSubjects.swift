// Lets filters be applied to events and rings.
import Observed

extension Event: FilterSubject {
  /// The event's value of a field.
  public func value(of field: FilterField) -> FilterValue {
    switch field {
    case .text: .text(text)
    case .kind: .text(name)
    case .lane: .text(lane.name)
    case .p: if case .p(let id) = lane { .number(Double(id)) } else { .none }
    case .m: .number(Double(m))
    case .g: g.map { .number(Double($0)) } ?? .none
    case .reason: reasonName.map { .text($0) } ?? .none
    case .fd: kind == .goPark && arg > 0 ? .number(Double(arg - 1)) : .none
    case .site: kind == .goCreate ? .text(entry ?? "") : .none
    case .by: kind == .goCreate || kind == .goReady ? .number(Double(other)) : .none
    default: .none
    }
  }

  /// Whether the word is in what a list shows beside the event's text: its lane, its M or its kind.
  public func prints(_ word: FilterWord) -> Bool {
    word.isIn(name) || word.isIn(lane.name) || word.isPrinted(.m, of: self)
  }
}

extension Snapshot.Ring: FilterSubject {
  /// The ring's value of a field.
  public func value(of field: FilterField) -> FilterValue {
    switch field {
    case .lane, .text: .text(lane.name)
    case .p: if case .p(let id) = lane { .number(Double(id)) } else { .none }
    case .m: if case .m(let id) = lane { .number(Double(id)) } else { .none }
    default: .none
    }
  }
}
