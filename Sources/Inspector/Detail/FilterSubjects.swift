// What a filter may ask of the Inspector's own values.

extension Event: FilterSubject {
  public func value(of field: FilterField) -> FilterValue {
    switch field {
    case .text: .text(text)
    case .g: g.map { .number(Double($0)) } ?? .none
    case .kind: .text(name)
    case .lane: .text(lane.name)
    default: .none
    }
  }
}

extension Snapshot.Ring: FilterSubject {
  public func value(of field: FilterField) -> FilterValue {
    switch field {
    case .lane, .text: .text(lane.name)
    case .p: if case .p(let id) = lane { .number(Double(id)) } else { .none }
    case .m: if case .m(let id) = lane { .number(Double(id)) } else { .none }
    default: .none
    }
  }
}
