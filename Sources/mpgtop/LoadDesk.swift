// Puts loads on the target for the dashboard, if the target is mpg-demo: starts and ends runs of mpg-load.
internal import Glibc
import Inspector
import TUI

/// The loads on one target. They end with the desk's `end`, or with mpgtop.
struct LoadDesk {
  /// The address at which the target serves; nil: not known, or the target is no mpg-demo.
  private var address: String?
  /// When to look for the address again, in monotonic nanoseconds.
  private var nextLook: UInt64 = 0
  private var runs: [Load: LoadProcess] = [:]
  /// Runs that were asked to end.
  private var ending: [LoadProcess] = []
  private var problem: String?
  /// The process with which `make demo` loads mpg-demo from the start; nil: there is none, or mpgtop has ended it.
  private var show = Self.show()

  private static let demo = "mpg-demo"
  /// The time between two looks for the address, in nanoseconds.
  private static let pause: UInt64 = 1_000_000_000
  /// When mpgtop ends: the pause between two looks whether all runs have ended, in microseconds, and the most such
  /// looks.
  private static let patience = (each: UInt32(10_000), parts: 100)

  /// The loads that run on the target, and what went wrong last; nil: the target takes no loads.
  ///
  /// - Parameter pid: the target's pid as mpgtop sees it, which differs in a container; nil: the target has ended.
  mutating func status(_ pid: Int32?) -> Loads? {
    for (load, run) in runs where run.hasEnded {
      runs[load] = nil
      if let complaint = run.complaint { problem = "\(Self.name(load)): \(complaint)" }
    }
    ending.removeAll(where: \.hasEnded)
    guard let pid else { return nil }
    if address == nil, monotonicNow() >= nextLook {
      nextLook = monotonicNow() + Self.pause
      address = Self.address(of: pid)
    }
    return address.map { _ in Loads(running: Set(runs.keys), problem: problem) }
  }

  /// Carries out a command. Returns a line for the screen that says why nothing happened; empty: `status` shows what happened.
  mutating func perform(_ command: LoadCommand) -> String {
    problem = nil
    guard let address else { return App.cannotLoad }
    if let show {
      kill(show, SIGTERM)
      self.show = nil
      if case .calm = command, runs.isEmpty { return "calm: the show has ended" }
    }
    switch command {
    case .calm where runs.isEmpty: return "no load runs that was started here"
    case .calm: calm()
    case .toggle(let load):
      if let run = runs.removeValue(forKey: load) {
        end(run)
        return ""
      }
      guard let program = Self.program else {
        return "mpg-load is missing: it is neither beside mpgtop nor on the PATH"
      }
      do throws(Failure) {
        runs[load] = try LoadProcess(program, Self.arguments(load) + [address])
      } catch {
        return error.message
      }
    }
    return ""
  }

  private mutating func end(_ run: LoadProcess) {
    run.end()
    ending.append(run)
  }

  private mutating func calm() {
    for run in runs.values { end(run) }
    runs = [:]
  }

  /// Ends all loads, and waits until they have ended.
  mutating func end() {
    calm()
    for _ in 0..<Self.patience.parts {
      ending.removeAll(where: \.hasEnded)
      if ending.isEmpty { return }
      usleep(Self.patience.each)
    }
    for run in ending { run.endAtOnce() }
    ending = []
  }

  private static func name(_ load: Load) -> String {
    load == .connections ? "10,000 connections" : load.rawValue
  }

  private static func arguments(_ load: Load) -> [String] {
    switch load {
    case .flood: ["-c", "64", "-d", "60m"]
    case .burst: ["--burst", "600", "--path", "/spawn?n=500"]
    case .hog: ["-r", "5", "-d", "60m", "--path", "/hog?ms=150"]
    case .block: ["-r", "40", "-c", "16", "-d", "60m", "--path", "/block?ms=200"]
    case .connections: ["--idle", "10000"]
    }
  }

  /// The address at which process `pid` serves, if it is mpg-demo; nil: it is not, or listens nowhere.
  private static func address(of pid: Int32) -> String? {
    guard ListeningSockets.program(of: pid)?.split(separator: "/").last == demo[...] else { return nil }
    return ListeningSockets.addresses(of: pid).first.map(reachable)
  }

  /// The address at which a client reaches a server that listens at `address`. If the server listens at all of the machine's
  /// addresses, that is this machine's own (127.0.0.1).
  static func reachable(_ address: String) -> String {
    for (all, one) in [("0.0.0.0:", "127.0.0.1:"), ("[::]:", "[::1]:")] where address.hasPrefix(all) {
      return one + address.dropFirst(all.count)
    }
    return address
  }

  /// The process in `MPG_SHOW`, if it is a child of our parent: then scripts/demo.sh has started both.
  private static func show() -> pid_t? {
    guard let pid = environment("MPG_SHOW").flatMap({ pid_t($0) }),
      ProcessIdentity.parent(of: pid) == getppid()
    else { return nil }
    return pid
  }

  /// mpg-load beside mpgtop, or else on the PATH; nil: it is nowhere.
  private static var program: String? {
    let own = ListeningSockets.program(of: getpid()).map {
      $0.split(separator: "/").dropLast().joined(separator: "/")
    }
    let folders =
      [own.map { "/" + $0 }].compactMap { $0 }
      + (environment("PATH") ?? "").split(separator: ":").map(String.init)
    return folders.map { "\($0)/mpg-load" }.first { unsafe access($0, X_OK) == 0 }
  }
}
