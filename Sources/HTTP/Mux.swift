// The mux: a table that says which handler answers which path.

/// A table of paths and handlers.
///
/// A path is matched as a whole, after percent-decoding; there are no patterns. Build the table first, then give it to a
/// `Server`.
public struct Mux: Sendable {
  /// A function that answers one request. It runs in the G of the connection, and may park.
  ///
  /// If it throws an `HTTPError`, the answer has that error's status and line; if it throws another error,
  /// the answer is 500.
  public typealias Handler = @Sendable (borrowing Request, inout Response) throws -> Void

  /// Whether a handler answers at once (`quick`), or may park or compute for long (`slow`). Before a slow handler runs, the
  /// answers to earlier pipelined requests are sent; answers of quick handlers are sent together. A slow handler runs in a
  /// scope (`withCancellation`) that is cancelled when its client has closed or reset the connection.
  public enum Pace: Sendable {
    /// The handler answers at once: it neither parks nor computes for long.
    case quick
    /// The handler may park or compute for long.
    case slow
  }

  struct Route: Sendable {
    let path: [UInt8]
    let methods: Methods
    let pace: Pace
    let handler: Handler
  }

  private(set) var routes: [Route] = []

  /// A table without routes: every path gets 404.
  public init() {}

  /// Makes `handler` answer requests with one of `methods` for `path`. Another method gets 405. `Methods.get` includes HEAD.
  ///
  /// Traps when the path has a handler already.
  public mutating func handle(
    _ path: String, _ pace: Pace = .quick, methods: Methods = .get, _ handler: @escaping Handler
  ) {
    let path = Array(path.utf8)
    precondition(!routes.contains { $0.path == path }, "mux: the path has a handler already")
    routes.append(Route(path: path, methods: methods, pace: pace, handler: handler))
  }

  /// The treatment of a request, as its head alone decides.
  enum Decision: Equatable {
    /// The handler of the route with this index answers.
    case handled(Int)
    /// The request asks which methods are allowed: answer with these.
    case options(Methods)
    case notFound
    case notAllowed(Methods)

    /// Whether the request is answered by an error, so that nothing will read its body.
    var isRefusal: Bool {
      switch self {
      case .notFound, .notAllowed: true
      case .handled, .options: false
      }
    }
  }

  /// - Parameter route: the index of the route for the request's path.
  func decide(_ request: borrowing Request, route: Int?) -> Decision {
    if request.method == .options && (route != nil || request.isAboutServer) {
      return .options(route.map { routes[$0].methods } ?? .get)
    }
    guard let route else { return .notFound }
    let methods = routes[route].methods
    return methods.contains(Methods(request.method)) ? .handled(route) : .notAllowed(methods)
  }

  /// The index of the route for the request's path; nil when there is none.
  func route(for request: borrowing Request) -> Int? {
    for index in routes.indices where request.pathEquals(routes[index].path) { return index }
    return nil
  }
}
