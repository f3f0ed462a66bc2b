// The names of requests in the scheduler's history. Each request is a span, so that a viewer can follow it over Gs, Ps and Ms.

import MPG

/// The labels of requests' spans: method and path of each route, and one label for all requests that have no route. So
/// clients cannot add labels, whatever they ask for, and the string table cannot be filled by them.
struct RequestLabels: Sendable {
  private let routes: [[(method: UInt8, label: SpanLabel)]]
  private let other: SpanLabel

  /// Makes a label for each method and path of `mux`, and one for all other requests. Must be called from a G.
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
