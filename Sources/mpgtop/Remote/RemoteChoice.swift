// Finds the process that the user means on another host.
internal import Glibc
import Inspector

/// Finds the one process to watch on a host, and connects to it.
struct RemoteChoice {
  let options: RemoteOptions
  let host: String
  /// Whether a person can be asked.
  let mayAsk: Bool

  /// Connects to the process that `word` names on the host; nil: the user was asked to choose, and chose none.
  func attach(to word: String?) throws(Failure) -> (any SchedulerSource)? {
    let remote = RemoteCommand(options, host: host)
    var target = word
    if word == nil, mayAsk {
      guard let chosen = try choose(remote) else { return nil }
      target = chosen
    }
    let input = try SSHInput(remote, target: target, rate: options.rate)
    let source = try failing { () throws(InspectorError) in try StreamSource(input) }
    let (theirs, ours) = (source.greeting.version, Options.configuration.version)
    if theirs != ours {
      let kind = Self.isOlder(theirs, than: ours) ? "older" : "newer"
      complain(
        "mpgtop on \(host) is \(theirs), \(kind) than this one (\(ours)); what one of them does not know is missing"
      )
    }
    return source
  }

  /// Whether a version comes before another one.
  static func isOlder(_ one: String, than other: String) -> Bool {
    let (a, b) = (
      one.split(separator: ".").map { Int($0) ?? 0 }, other.split(separator: ".").map { Int($0) ?? 0 }
    )
    return a.lexicographicallyPrecedes(b)
  }

  /// Returns the list of targets on the host, as `mpgtop -l` prints it there.
  static func list(_ remote: RemoteCommand) throws(Failure) -> [String] {
    guard let ends = Pipe() else { throw Failure(ExitCode.system, "no descriptors are left") }
    let pid: pid_t
    do throws(SpawnProblem) {
      pid = try unsafe spawn(remote.line(["-l"], mayAsk: true), hasOwnGroup: false) { files in
        unsafe posix_spawn_file_actions_adddup2(&files, ends.writing, STDOUT_FILENO)
        // Keep ssh from reading our standard input: what the user types ahead answers the question that mpgtop asks
        // next.
        unsafe posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
      }
    } catch {
      ends.close()
      throw Failure(ExitCode.noProgram, "cannot start ssh: \(errnoText(error.errno))")
    }
    close(ends.writing)
    var bytes: [UInt8] = []
    while bytes.count < 1 << 20 {
      DescriptorInput.wait(ends.reading, -1)
      guard let more = DescriptorInput.read(ends.reading, most: 1 << 14) else { break }
      bytes += more
    }
    // Close our end before waiting for ssh: if ssh still had output, it would wait for us to read, and we for its end.
    close(ends.reading)
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else {
      throw Failure(
        ExitCode.noSuchProcess,
        "cannot list what runs on \(remote.host): ssh, or \(remote.program) there, has failed")
    }
    return bytes.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Returns the pid of the only live process on the host, or of the one that the user picks; nil: the user picks none.
  private func choose(_ remote: RemoteCommand) throws(Failure) -> String? {
    let all = try Self.list(remote)
    let lines = all.dropFirst()
    let state = all.first.flatMap { heading in
      heading.firstPlace(of: "STATE").map { heading.distance(from: heading.startIndex, to: $0) }
    }
    // A name may have blanks in it, so the state is found behind its own heading.
    let live = lines.filter { line in
      guard let place = state else { return false }
      return line.dropFirst(place).hasPrefix("live")
    }
    func pid(_ line: String) -> String { line.split(separator: " ").first.map(String.init) ?? "" }
    guard let first = live.first else {
      throw Failure(
        ExitCode.noSuchProcess,
        "nothing to look at on \(host): no live process of yours runs on MPG or Go there")
    }
    if live.count == 1 { return pid(first) }
    for (index, line) in live.enumerated() { say("\(index + 1) \(line)") }
    while true {
      say("which one (1-\(live.count), Enter to leave)?")
      guard let answer = readLine(), !answer.isEmpty else { return nil }
      if let number = Int(answer), live.indices.contains(number - 1) { return pid(live[number - 1]) }
      if let line = live.first(where: { pid($0) == answer }) { return pid(line) }
    }
  }
}
