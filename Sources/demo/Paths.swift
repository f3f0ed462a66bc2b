// One table of the paths of mpg-demo. The server routes requests by it, and `--help` lists it.
import HTTP
import MPG

struct DemoPath: Sendable {
  let path: String
  /// The query with its default values: `?n=1000`.
  let query: String
  let help: String
  let pace: Mux.Pace
  let methods: Methods
  let handler: Mux.Handler

  init(
    _ path: String, _ help: String, query: String = "", _ pace: Mux.Pace = .quick, methods: Methods = .get,
    _ handler: @escaping Mux.Handler
  ) {
    (self.path, self.query, self.help) = (path, query, help)
    (self.pace, self.methods, self.handler) = (pace, methods, handler)
  }

  /// - Parameters:
  ///   - folder: the folder whose files `/file` serves.
  ///   - isCrashable: whether to include the path that ends the process.
  static func all(_ counters: Counters, _ folder: Folder?, isCrashable: Bool) -> [DemoPath] {
    let crash = DemoPath(
      "/crash", "ends the process that way (--crashable)", query: "?how=abort|trap|overflow", .slow, crash)
    return plain(counters, folder) + scenarios + (isCrashable ? [crash] : [])
  }

  private static func plain(_ counters: Counters, _ folder: Folder?) -> [DemoPath] {
    [
      DemoPath("/", "says Hello World") { _, response in response.write("Hello World") },
      DemoPath("/about", "a second page") { _, response in response.write("About Page") },
      DemoPath("/echo", "the request as the server understood it", methods: [.get, .post, .put], echo),
      DemoPath("/stats", "counters of scheduler and server, one name and number per line") { _, response in
        showStatistics(counters, &response)
      },
      DemoPath("/file", "a file beneath --files", query: "?name=a/b.txt", .slow) { request, response in
        try serveFile(of: folder, request, &response)
      },
    ]
  }

  /// Paths that each provoke one behaviour of the scheduler.
  private static let scenarios = [
    DemoPath("/spawn", "fans out n Gs and joins them", query: "?n=1000", .slow, spawn),
    DemoPath("/cpu", "keeps a P busy", query: "?ms=20", .slow, burn),
    DemoPath("/sleep", "parks on a timer", query: "?ms=50", .slow, sleep),
    DemoPath(
      "/pipeline", "sends a token through a chain of n Gs and channels", query: "?n=100", .slow, pipeline),
    DemoPath("/hog", "computes and never yields: preemption lets others run", query: "?ms=20", .slow, hog),
    DemoPath("/block", "blocks a thread, but no P", query: "?ms=50", .slow, block),
    DemoPath("/leak", "starts n Gs that wait for ever", query: "?n=10", .slow, leak),
  ]

  /// The text of `--help`: one line per path.
  static var list: String {
    let paths = all(Counters(), nil, isCrashable: true)
    let width = paths.map { $0.path.count + $0.query.count }.max() ?? 0
    return paths.map { path in
      let words = path.path + path.query
      return "  " + words + String(repeating: " ", count: width - words.count) + "  " + path.help
    }
    .joined(separator: "\n")
  }
}
