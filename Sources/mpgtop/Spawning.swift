// Starts child processes that run beside mpgtop.
internal import Glibc

/// The kernel's answer to a child that could not be started.
struct SpawnProblem: Error {
  let errno: Int32
}

/// Starts a program, mostly in a process group of its own, so that the terminal's signals do not reach it. mpgtop blocks and ignores
/// some signals; none of that is for the child.
///
/// - Parameters:
///   - words: the program, which is looked for in PATH as shells do, and its arguments.
///   - ignored: signals that stay ignored in the child, if mpgtop ignores them.
///   - hasOwnGroup: whether the terminal's signals, and its keys, are kept from the child. One that may have to ask a person for a
///     password must stay in our group.
///   - redirect: says what the child's descriptors are.
func spawn(
  _ words: [String], ignoring ignored: [Int32] = [], hasOwnGroup: Bool = true,
  _ redirect: (inout posix_spawn_file_actions_t) -> Void
) throws(SpawnProblem) -> pid_t {
  var (files, attributes) = unsafe (posix_spawn_file_actions_t(), posix_spawnattr_t())
  unsafe posix_spawn_file_actions_init(&files)
  unsafe posix_spawnattr_init(&attributes)
  defer {
    unsafe posix_spawn_file_actions_destroy(&files)
    unsafe posix_spawnattr_destroy(&attributes)
  }
  unsafe redirect(&files)
  var (none, all) = (sigset_t(), sigset_t())
  unsafe sigemptyset(&none)
  unsafe sigfillset(&all)
  for signal in ignored { unsafe sigdelset(&all, signal) }
  unsafe posix_spawnattr_setsigmask(&attributes, &none)
  unsafe posix_spawnattr_setsigdefault(&attributes, &all)
  unsafe posix_spawnattr_setpgroup(&attributes, 0)
  let group = hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
  let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group
  unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
  var list: [UnsafeMutablePointer<CChar>?] = unsafe []
  for word in words { unsafe list.append(strdup(word)) }
  unsafe list.append(nil)
  defer { for index in unsafe list.indices { unsafe free(list[index]) } }
  var pid: pid_t = 0
  let error = unsafe posix_spawnp(&pid, words[0], &files, &attributes, &list, environ)
  guard error == 0 else { throw SpawnProblem(errno: error) }
  return pid
}

/// Both ends of a pipe, which child processes do not inherit.
struct Pipe {
  let (reading, writing): (Int32, Int32)

  /// Makes a pipe; nil: no descriptors are left.
  init?() {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (reading, writing) = (ends[0], ends[1])
  }

  func close() { for end in [reading, writing] { _ = Glibc.close(end) } }
}
