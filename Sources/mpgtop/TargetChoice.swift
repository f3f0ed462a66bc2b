// Finds the process that the user means: by a pid, by a name, or without either. Processes on MPG come first; a word that
// names none of them may name a Go program.
import GoAttach
import Inspector
import TraceSource

/// Finds the one process to watch.
struct TargetChoice {
  let folders: RegionFolders
  /// Whether a person can be asked.
  let mayAsk: Bool
  /// Where the process is, if not here.
  let remote: RemoteOptions?

  init(folders: RegionFolders, mayAsk: Bool, remote: RemoteOptions? = nil) {
    (self.folders, self.mayAsk, self.remote) = (folders, mayAsk, remote)
  }

  /// Opens the source that `word` names, mostly a process; nil: the user was asked to choose, and chose none.
  func attach(to word: String?) throws(Failure) -> (any SchedulerSource)? {
    try Self.refuseAddress(word)
    if let remote, let host = remote.ssh {
      guard word != "-" else {
        throw Failure(ExitCode.usage, "- is a stream on standard input; --ssh \(host) makes its own")
      }
      return try RemoteChoice(options: remote, host: host, mayAsk: mayAsk).attach(to: word)
    }
    if let word, let source = try failing({ () throws(InspectorError) in try SourceKinds.open(word) }) {
      return source
    }
    guard let word, word.allSatisfy(\.isNumber) else {
      if let go = try goProgram(named: word) { return go }
      guard let target = try choose(named: word) else { return nil }
      return try failing { () throws(InspectorError) in try Inspector(target) }
    }
    guard let pid = Int32(word), pid > 0 else {
      throw Failure(ExitCode.noSuchProcess, "no process \(word): process ids are 1 to \(Int32.max)")
    }
    return try failing { () throws(InspectorError) in
      if GoProcess(pid: pid) != nil { return try GoSource(pid: pid) }
      return try mpg(pid)
    }
  }

  /// The process on MPG with this number.
  private func mpg(_ pid: Int32) throws(InspectorError) -> any SchedulerSource {
    do throws(InspectorError) {
      return try Inspector.attach(to: pid, in: folders)
    } catch {
      // If another user owns the process, the error says enough, except to root. After any other error the process may be a Go
      // program that must not be looked at; then the reason for that is thrown.
      if case .otherUser = error, currentUser() != 0 { throw error }
      throw GoProcess.obstacle(pid: pid) ?? error
    }
  }

  /// Throws if `word` names no process and is nearly the name of a command: `mpgtop recrod`.
  func refuseMistypedCommand(_ word: String?) throws(Failure) {
    guard let word, let command = Invocation.near(word) else { return }
    guard !folders.targets().contains(where: { $0.isLive && $0.name == word }) else { return }
    guard !GoProcess.all().contains(where: { $0.name == word }) else { return }
    throw Failure(
      ExitCode.noSuchProcess,
      "no live process called \(word), and no such command; did you mean mpgtop \(command)?")
  }

  /// Throws if a word is an address, where only a process can be named.
  static func refuseAddress(_ word: String?) throws(Failure) {
    guard let word, TraceAddress.isMeant(by: word) else { return }
    throw Failure(
      ExitCode.usage,
      "an address is followed by mpgtop, mpgtop record and mpgtop why; elsewhere give one trace: curl -s 'http://HOST:6060\(TraceAddress.example)' | mpgtop export - …"
    )
  }

  /// The Go program with this number or name; nil: there is none.
  func goProgram(_ word: String) throws(Failure) -> GoSource? {
    try Self.refuseAddress(word)
    guard word.allSatisfy(\.isNumber) else { return try goProgram(named: word) }
    guard let pid = Int32(word), pid > 0 else { return nil }
    return try failing { () throws(InspectorError) in try GoSource(pid: pid) }
  }

  /// The Go program of that name (or without one the only Go program), if no process on MPG is meant; nil: there is none.
  private func goProgram(named name: String?) throws(Failure) -> GoSource? {
    guard !folders.targets().contains(where: { $0.isLive && (name == nil || $0.name == name) }) else {
      return nil
    }
    let programs = GoProcess.all().filter { name == nil || $0.name == name }
    guard let first = programs.first else { return nil }
    if programs.count > 1 {
      for line in TargetList(goPrograms: programs).lines() { say(line) }
      let what = name.map { "are called \($0)" } ?? "can be looked at"
      throw Failure(ExitCode.noSuchProcess, "\(programs.count) Go programs \(what); say which one by its pid")
    }
    return try failing { () throws(InspectorError) in try GoSource(pid: first.pid) }
  }

  /// The only live target (of that name, if there is one); if there are several, the one that the user picks.
  private func choose(named name: String?) throws(Failure) -> Target? {
    let all = folders.targets()
    let live = all.filter { $0.isLive && (name == nil || $0.name == name) }
    if live.isEmpty { throw nothing(named: name, among: all) }
    if live.count == 1 { return live[0] }
    let list = TargetList(targets: live, now: monotonicNow()).lines(isNumbered: mayAsk)
    let what =
      name.map { "\(live.count) processes are called \($0)" } ?? "\(live.count) processes can be looked at"
    guard mayAsk else {
      for line in list { say(line) }
      throw Failure(ExitCode.noSuchProcess, "\(what); say which one by its pid")
    }
    return ask(list, live)
  }

  private func nothing(named name: String?, among all: [Target]) -> Failure {
    if let name, GoSource.isCore(path: name) {
      return Failure(
        ExitCode.noSuchProcess, "\(name) is a core file, no process; mpgtop --post-mortem shows it")
    }
    if let name {
      return Failure(ExitCode.noSuchProcess, "no live process called \(name); mpgtop -l lists what there is")
    }
    for target in all where target.process.isAlive {
      if case .unreadable(let error) = target.state { return Failure(error) }
    }
    if let refusal = folders.refusal() { return Failure(refusal) }
    return Failure(
      ExitCode.noSuchProcess, "nothing to look at: no live process of yours runs on MPG; start one, or try -l"
    )
  }

  /// Asks until the user names one of the list. Returns nil for an empty line or the end of input.
  private func ask(_ list: [String], _ targets: [Target]) -> Target? {
    for line in list { say(line) }
    while true {
      say("which one (1-\(targets.count), Enter to leave)?")
      guard let answer = readLine(), !answer.isEmpty else { return nil }
      if let number = Int(answer), targets.indices.contains(number - 1) { return targets[number - 1] }
      if let target = targets.first(where: { "\($0.process.pid)" == answer }) { return target }
    }
  }
}

/// Runs `body`, and turns an error of the Inspector into a `Failure`.
func failing<Value>(_ body: () throws(InspectorError) -> Value) throws(Failure) -> Value {
  do throws(InspectorError) {
    return try body()
  } catch {
    throw Failure(error)
  }
}
