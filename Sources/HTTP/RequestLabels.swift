// What requests are called in the scheduler's history: each is a span, so that one can be followed over Gs, Ps and Ms.

import MPG

/// The labels of the spans of requests: method and path of each route, and one for whatever has no route. So there are
/// no more of them than the program has routes, whatever clients ask for.
struct RequestLabels: Sendable {
  private let routes: [[(method: UInt8, label: SpanLabel)]]
  private let other: SpanLabel

  /// Must be called from a G.
  init(_ mux: Mux) {
    other = SpanLabel("other requests")
    routes = mux.routes.map { route in
      let path = String(decoding: route.path, as: UTF8.self)
      return (UInt8(0)..<46).filter { route.methods.rawValue & 1 << UInt64($0) != 0 }.map {
        ($0, SpanLabel("\(Method(number: $0).name) \(path)"))
      }
    }
  }

  func label(_ method: Method, route: Int?) -> SpanLabel {
    guard let route else { return other }
    for (number, label) in routes[route] where number == method.number { return label }
    return other
  }
}
