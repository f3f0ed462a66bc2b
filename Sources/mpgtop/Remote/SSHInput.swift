// A stream that ssh brings from another host. It is the user's own ssh: agent, configuration and jumps are its business.
internal import Glibc
import Inspector

/// A stream through ssh, which connects again when the connection ends. Must be started from the main thread.
final class SSHInput: StreamInput {
  let remote: RemoteCommand
  /// The arguments of mpgtop on the other host.
  private let words: [String]
  private let rate: ByteRate?
  private var child: Child?
  private var errors: [UInt8] = []

  private struct Child {
    let pid: pid_t
    /// How ssh ended; nil: it has not been waited for.
    var status: Int32?
    let (input, output, errors): (Int32, Int32, Int32)
  }

  /// At most so many of the last bytes of complaints are kept.
  private static let mostErrors = 4096

  /// Connects. ssh may ask for a password or for a host's key on the terminal.
  init(_ remote: RemoteCommand, target: String?, rate: ByteRate?, mayAsk: Bool = true) throws(Failure) {
    (self.remote, self.rate) = (remote, rate)
    words =
      ["stream", "--answer"] + (rate.map { ["--rate", "\($0.bytes)"] } ?? [])
      + (target.map { ["--", $0] } ?? [])
    child = try Self.start(remote, words, mayAsk: mayAsk)
  }

  deinit { end() }

  func read(most: Int) -> [UInt8]? {
    guard let child else { return nil }
    if let more = DescriptorInput.read(child.errors, most: Self.mostErrors), !more.isEmpty {
      errors = (errors + more).suffix(Self.mostErrors)
    }
    return DescriptorInput.read(child.output, most: most)
  }

  func wait(milliseconds: Int32) {
    guard let child else { return }
    DescriptorInput.wait(child.output, milliseconds)
  }

  func send(_ line: String) -> Bool {
    guard let child else { return false }
    let bytes = Array((line + "\n").utf8)
    return unsafe Glibc.write(child.input, bytes, bytes.count) == bytes.count
  }

  var reconnects: Bool { true }

  func reconnect() -> Bool {
    end()
    errors = []
    do throws(Failure) {
      child = try Self.start(remote, words, mayAsk: false)
      return true
    } catch {
      return false
    }
  }

  func successor(named name: String) -> (any StreamInput)? {
    // The screen has the terminal, so nobody can be asked.
    try? SSHInput(remote, target: name, rate: rate, mayAsk: false)
  }

  var ending: String? {
    if let child, let more = DescriptorInput.read(child.errors, most: Self.mostErrors) { errors += more }
    // ssh ends the lines of its own messages with a carriage return, as terminals want them.
    let lines = errors.suffix(Self.mostErrors).split { $0 == 10 || $0 == 13 }.map {
      String(decoding: $0, as: UTF8.self)
    }
    guard let line = lines.last else { return nil }
    return remote.explained(line)
  }

  private func end() {
    guard let child else { return }
    for descriptor in [child.input, child.output, child.errors] { close(descriptor) }
    if child.status == nil {
      kill(child.pid, SIGTERM)
      var status: Int32 = 0
      while unsafe waitpid(child.pid, &status, 0) < 0, errno == EINTR {}
    }
    self.child = nil
  }

  /// Whether mpgtop at the other side has said, by its exit code, that there is no such process any more.
  var targetIsGone: Bool {
    guard let child else { return false }
    // ssh has closed its output, so it ends soon: wait for its status half a second at most.
    for _ in 0..<50 where self.child?.status == nil {
      var status: Int32 = 0
      if unsafe waitpid(child.pid, &status, WNOHANG) == child.pid {
        self.child?.status = status
      } else {
        usleep(10_000)
      }
    }
    guard let status = self.child?.status, status & 0x7f == 0 else { return false }
    return [ExitCode.noSuchProcess, ExitCode.gone].contains((status >> 8) & 0xff)
  }

  private static func start(_ remote: RemoteCommand, _ words: [String], mayAsk: Bool) throws(Failure) -> Child
  {
    guard let input = Pipe(), let output = Pipe(), let errors = Pipe() else {
      throw Failure(ExitCode.system, "cannot start ssh: no descriptors are left")
    }
    do throws(SpawnProblem) {
      let pid = try unsafe spawn(remote.line(words, mayAsk: mayAsk), hasOwnGroup: !mayAsk) { files in
        unsafe posix_spawn_file_actions_adddup2(&files, input.reading, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&files, output.writing, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&files, errors.writing, STDERR_FILENO)
      }
      for end in [input.reading, output.writing, errors.writing] { close(end) }
      return Child(pid: pid, input: input.writing, output: output.reading, errors: errors.reading)
    } catch {
      for pipe in [input, output, errors] { pipe.close() }
      throw Failure(ExitCode.noProgram, "cannot start ssh: \(errnoText(error.errno))")
    }
  }
}

/// mpgtop on another host, as ssh starts it.
struct RemoteCommand {
  let host: String
  /// The name or path of mpgtop on the host.
  let program: String

  init(_ options: RemoteOptions, host: String) { (self.host, program) = (host, options.path ?? "mpgtop") }

  /// Returns the command line that runs mpgtop with these words on the host. The variable MPGTOP_SSH may name another
  /// command than `ssh`.
  func line(_ words: [String], mayAsk: Bool) -> [String] {
    let ssh = environment("MPGTOP_SSH")?.split(separator: " ").map(String.init) ?? ["ssh"]
    return ssh + ["-T"] + (mayAsk ? [] : ["-o", "BatchMode=yes"])
      + ["--", host, ([program] + words).map(Self.quoted).joined(separator: " ")]
  }

  /// Returns the word in such quotes that the shell on the host passes it on unchanged.
  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || "-_./=".utf8.contains(byte)
      }
    return isPlain ? word : "'" + word.substituting("'", by: "'\\''") + "'"
  }

  /// Returns what the other side complained of, in words that follow "the stream ended: ".
  func explained(_ line: String) -> String {
    // How versions of mpgtop that know no streams complain of the command line that this version sends them.
    let signs = ["no live process called stream", "only --post-mortem takes two words", "'--answer'"]
    if signs.contains(where: { line.includes($0) }) {
      return "mpgtop on \(host) is older than this one and knows no streams; install the same version there"
    }
    return "\(host) says: \(printable(line))"
  }
}
