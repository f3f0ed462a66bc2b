// The blocks of the page "Blocking calls".

// snippet.blocking
import Glibc
import MPG

// snippet.hide
enum BlockingCalls {
  static let snippets: [String: @Sendable () throws -> Void] = [
    "blocking": blocking, "file": { MPG.main { try file() } }, "folder": { MPG.main { try folder() } },
  ]

  static func blocking() {
    // snippet.show
    MPG.main(Options(procs: 1)) {
      let done = Channel<Void>(capacity: 1)
      go {
        print("another goroutine runs, though there is one P")
        done.send(())
      }
      MPG.blocking { _ = usleep(50_000) }
      _ = done.receive()
      print("the call is over")
    }
    // snippet.end
  }

  static func file() throws {
    // snippet.file
    let bytes = try File.read("/etc/passwd", limit: 1 << 20)
    print("read:", !bytes.isEmpty)
    do {
      _ = try File.read("/nowhere")
    } catch {
      print(error)
    }
    // snippet.end
  }

  static func folder() throws {
    // snippet.folder
    let folder = try Folder("/etc")
    do {
      _ = try folder.open("../root/.profile")
    } catch {
      print(error)
    }
    // snippet.end
  }
}
