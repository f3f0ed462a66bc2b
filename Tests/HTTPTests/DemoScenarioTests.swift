// What mpg-demo's scenarios do: files, hogs, blocked threads. The demo runs as a process of its own.
import Foundation
import TestSupport
import Testing

/// A demo that listens. The process ends with the last reference to this object.
final class RunningDemo: Sendable {
  private let demo: ListeningDemo

  /// - Parameter netpoll: the name of its backend.
  init(_ arguments: [String], preemption: Bool = false, netpoll: String = "") throws {
    let environment = ["MPG_PREEMPT": preemption ? "1" : "0", "MPG_NETPOLL": netpoll]
    demo = try ListeningDemo(arguments, environment: environment)
  }

  var port: UInt16 { demo.port }

  func tellToStop() { demo.program.signal(SIGTERM) }

  /// Asks the demo to stop, waits for its end, and returns how it ended.
  @discardableResult func stop() throws -> Program.Ending {
    tellToStop()
    return try demo.program.wait()
  }

  /// Whether the demo accepts connections.
  var listens: Bool {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    return Client.reaches(fd, port: port)
  }

  /// Sends a request without waiting for the answer; returns the socket.
  func ask(_ target: String) -> Int32 {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #expect(Client.reaches(fd, port: port))
    var request = Array("GET \(target) HTTP/1.0\r\n\r\n".utf8)
    #expect(unsafe send(fd, &request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
    return fd
  }

  /// Waits for the answer.
  func answer(_ fd: Int32) -> (status: Int, type: String, body: String) {
    defer { close(fd) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe read(fd, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
    guard let answer = responses(String(decoding: text, as: UTF8.self)).first else { return (0, "", "") }
    let type = answer.head.split(separator: "\r\n").first { $0.hasPrefix("Content-Type: ") }
    return (answer.status, String(type?.dropFirst(14) ?? ""), answer.body)
  }

  func get(_ target: String) -> (status: Int, type: String, body: String) { answer(ask(target)) }

  /// A number of `/stats`.
  func statistic(_ name: String) -> Int {
    let line = get("/stats").body.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return line.flatMap { Int($0.split(separator: " ")[1]) } ?? -1
  }
}

@Suite("mpg-demo's scenarios", .disabled(if: hasThreadSanitizer, "it could not be ended"))
struct DemoScenarioTests {
  @Test("/file answers with files of its folder, and with nothing else")
  func files() throws {
    let folder = try TemporaryFolder(on: .disk)
    try folder.write("secret".utf8, to: "secret.txt")
    try folder.write("{}".utf8, to: "www/sub/a b.json")
    try folder.write("x".utf8, to: "www/plain")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/www/link.txt", withDestinationPath: "../secret.txt")
    try folder.write(Data(count: (8 << 20) + 1), to: "www/large.txt")
    let demo = try RunningDemo(["--files", "\(folder.path)/www"])

    let found = demo.get("/file?name=sub/a%20b.json")
    #expect(found.status == 200 && found.type == "application/json" && found.body == "{}")
    #expect(demo.get("/file?name=plain").type == "application/octet-stream")
    for name in [
      "../secret.txt", "sub/../../secret.txt", "%2e%2e/secret.txt", "/etc/passwd", "link.txt", "sub",
    ] {
      let answer = demo.get("/file?name=\(name)")
      #expect(answer.status == 403 && !answer.body.contains("secret\n"), "\(name): \(answer)")
    }
    #expect(demo.get("/file?name=large.txt").status == 403)
    #expect(demo.get("/file?name=nothing.txt").status == 404)
    #expect(demo.get("/file").status == 400)
    #expect(demo.get("/file?name=").status == 400)
    #expect(demo.get("/file?name=a%00b").status == 400)
  }

  @Test(
    "without a folder to serve /file answers 404; a folder that is not there costs one line and exit code 1")
  func noFolder() throws {
    #expect(try RunningDemo([]).get("/file?name=a").status == 404)

    let refused = try runDemo(["--files", "/no/such/folder"])
    #expect(refused.ending == .code(1))
    #expect(
      refused.errors
        == "mpg-demo: cannot serve files: /no/such/folder: there is no such file; try another --files\n")
  }

  @Test("on one P, others are answered before a hog has ended, by preemption")
  func hog() throws {
    let demo = try RunningDemo(["--procs", "1"], preemption: true)
    let hog = demo.ask("/hog?ms=10000")

    for _ in 0..<5 { #expect(demo.get("/").body == "Hello World") }

    var ready = pollfd(fd: hog, events: Int16(POLLIN), revents: 0)
    #expect(unsafe poll(&ready, 1, 0) == 0, "the hog's answer came first")
    close(hog)
  }

  @Test("on one P, others are answered while a thread is blocked")
  func block() throws {
    let demo = try RunningDemo(["--procs", "1"])
    let blocked = demo.ask("/block?ms=60000")

    for _ in 0..<5 { #expect(demo.get("/").body == "Hello World") }

    var ready = pollfd(fd: blocked, events: Int16(POLLIN), revents: 0)
    #expect(unsafe poll(&ready, 1, 0) == 0, "the blocked thread's answer came first")
    close(blocked)
  }

  @Test("/stats says which backend netpoll has", arguments: ["epoll", "io_uring"])
  func backend(name: String) throws {
    let demo = try RunningDemo([], netpoll: name)
    #expect(demo.get("/stats").body.split(separator: "\n").contains("netpoll \(name)"))
  }

  @Test("/leak leaves Gs behind, which /stats counts")
  func leak() throws {
    let demo = try RunningDemo([])
    let before = demo.statistic("gs_live")
    #expect(demo.get("/leak?n=100").status == 200)
    #expect(demo.statistic("gs_live") >= before + 100)
    #expect(demo.get("/leak?n=0").status == 400)
  }
}
