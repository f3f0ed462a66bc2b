// Where the region goes when its usual place is not possible: to the next place, or nowhere. The program runs
// all the same.
import Foundation
import Inspector
import TestSupport
import Testing

/// A demo server in a mount namespace that a script has prepared; what the server printed, and what a viewer
/// beside it sees.
private struct Place {
  static let mounts = ["unshare", "--kill-child", "--mount", "--fork"]
  static let arePermitted = (try? Program.run(Command(words: mounts + ["true"])))?.ending == .code(0)

  let finished: Finished
  /// The server's answer, the server's errors, the viewer's list and the server's exit code.
  let (answer, errors, list, code): (String, String, String, String)

  init(_ preparation: String, folder: TemporaryFolder) throws {
    let port = try LoopbackSocket.freePort()
    let said = "\(folder.path)/said"
    let script = """
      \(preparation)
      \(Built.demo) --port \(port) > \(said) 2> \(said).err & server=$!
      until grep -q Server \(said) || ! kill -0 $server; do sleep 0.05; done
      curl -s http://127.0.0.1:\(port)/ > \(said).answer
      curl -s "http://127.0.0.1:\(port)/spawn?n=5000" > /dev/null
      \(Built.mpgtop) -l > \(said).list 2>&1
      kill $server; wait $server; echo $? > \(said).code
      """
    var command = Command(environment: ["XDG_RUNTIME_DIR": nil, "TMPDIR": folder.path])
    command.words = Self.mounts + ["sh", "-c", script]
    finished = try Program.run(command)
    (answer, errors, list, code) = (
      contents(of: "\(said).answer"), contents(of: "\(said).err"), contents(of: "\(said).list"),
      contents(of: "\(said).code")
    )
  }
}

extension EndToEnd {
  @Suite("Places for the region", .enabled(if: Place.arePermitted, "unshare of mounts is not permitted here"))
  struct RegionPlacesTests {
    private static let none =
      "mount -t tmpfs -o ro tmpfs /dev/shm; test -d /run/user && mount -t tmpfs -o ro tmpfs /run/user"
    private static let ways = [
      none,
      "mount -t tmpfs tmpfs /dev/shm; mkdir -m 700 /dev/shm/mpg-0; chown 12345 /dev/shm/mpg-0",
      "mount -t tmpfs tmpfs /dev/shm; ln -s /etc /dev/shm/mpg-0",
      "mount -t tmpfs tmpfs /dev/shm; mkdir -m 777 /dev/shm/mpg-0; chmod 777 /dev/shm/mpg-0",
      "mount -t tmpfs tmpfs /dev/shm; touch /dev/shm/mpg-0",
      "mount -t tmpfs -o size=64k tmpfs /dev/shm",
      "mount -t tmpfs -o nr_inodes=2 tmpfs /dev/shm",
      "mount -t tmpfs -o size=100% tmpfs /dev/shm; mkdir -m 700 /dev/shm/mpg-0; mount -t tmpfs -o ro tmpfs /dev/shm/mpg-0",
    ]

    @Test("It is in the next place, a viewer finds it there, and one line says why", arguments: ways)
    func next(_ way: String) throws {
      let folder = try TemporaryFolder(on: .disk)
      let other = "\(folder.path)/tmpfs"
      let place = try Place(
        "mkdir \(other); mount -t tmpfs tmpfs \(other); export TMPDIR=\(other); \(way)", folder: folder)
      #expect(place.answer == "Hello World" && place.code == "0\n", "\(place)")
      #expect(place.list.contains("mpg-demo  live"), "\(place.list)")
      let lines = place.errors.split(separator: "\n").filter { $0.hasPrefix("mpg: ") }
      try #require(lines.count == 1, "\(place.errors)")
      #expect(lines[0].hasPrefix("mpg: no shared region where it should be ("), "\(place.errors)")
      #expect(lines[0].contains("it is in "))
    }

    @Test(
      "Where there is no place it runs without, nobody can look at it, and one line says so", arguments: ways)
    func nowhere(_ way: String) throws {
      let folder = try TemporaryFolder(on: .disk)
      // A TMPDIR that is no tmpfs is not used: a region is written to a million times a second.
      let place = try Place(
        "export TMPDIR=/proc; \(way); test -d /run/user && mount -t tmpfs -o ro tmpfs /run/user",
        folder: folder)
      #expect(place.answer == "Hello World" && place.code == "0\n", "\(place)")
      #expect(!place.list.contains("mpg-demo"), "\(place.list)")
      let lines = place.errors.split(separator: "\n").filter { $0.hasPrefix("mpg: ") }
      try #require(lines.count == 1, "\(place.errors)")
      #expect(lines[0].hasPrefix("mpg: no shared region ("), "\(place.errors)")
      #expect(lines[0].hasSuffix("the program runs without one, and mpgtop cannot look at it"))
    }

    @Test(
      "A limit for files that is smaller than the region does not end the program",
      arguments: [0, 20, 1000, 100_000])
    func limit(_ blocks: Int) throws {
      let folder = try TemporaryFolder(on: .disk)
      let place = try Place("ulimit -f \(blocks)", folder: folder)
      // Without any room for files, the server cannot write its messages. But it must not die.
      if blocks > 0 {
        #expect(place.answer == "Hello World", "\(place)")
        #expect(place.errors.contains("with ulimit -f at"), "\(place.errors)")
      }
    }

    @Test(
      "Whatever the mask for new files takes away, viewers of the same user can read it",
      arguments: ["777", "077", "0"])
    func mask(_ mask: String) throws {
      let folder = try TemporaryFolder(on: .disk)
      let place = try Place(
        "mount -t tmpfs tmpfs /dev/shm; touch \(folder.path)/said; umask \(mask)", folder: folder)
      #expect(place.list.contains("mpg-demo  live"), "\(place.list) \(place.errors)")
    }
  }
}
