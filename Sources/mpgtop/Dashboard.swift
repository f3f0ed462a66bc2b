// The screen: the dashboard of TUI over a sampler of Inspector, on one thread.
import Inspector
import TUI

/// Shows one target on the terminal.
struct Dashboard {
  let options: Options

  /// How often the sampler is asked whether something is due: the rings of a flooded target fill in tens of
  /// milliseconds.
  private static let pollEvery = Duration.milliseconds(2)

  /// Runs until somebody quits. Throws when that is no good end: the target gone, the region damaged, a signal.
  func run(_ inspector: Inspector) throws(Failure) {
    var feed = Feed(Sampler(inspector))
    let ending: TUI.Ending
    do throws(TerminalError) {
      ending = try app.run(pollEvery: Self.pollEvery, poll: { feed.poll() }, next: { feed.next() })
    } catch {
      throw Failure(error)
    }
    if let error = feed.failure { throw Failure(error) }
    if let ending = feed.ending { throw Failure(.gone(pid: inspector.target.process.pid, ending)) }
    switch ending.cause {
    case .quit: return
    case .signal(let number): throw Failure(ExitCode.signal(number), "ended by signal \(number)")
    case .hangUp: throw Failure(ExitCode.signal(1), "the terminal is gone")
    }
  }

  private var app: App {
    var settings = App.Options()
    settings.terminal.wantsColor = !options.noColor && environment("NO_COLOR") == nil
    settings.terminal.wantsASCII = options.ascii
    if let delay = options.delay { settings.interval = max(10, Int(delay * 1000)) }
    return App(settings)
  }
}

/// A sampler that never throws: what goes wrong is kept, and shown as the end of the target.
private struct Feed {
  private var sampler: Sampler
  private var last: Frame?
  private(set) var failure: InspectorError?

  init(_ sampler: Sampler) { self.sampler = sampler }

  var ending: TargetEnding? { sampler.ending }

  mutating func poll() {
    guard failure == nil else { return }
    do { _ = try sampler.step() } catch { failure = error }
  }

  /// The frame of this moment; the last one, marked as ended, after a failure.
  mutating func next() -> Frame? {
    if failure == nil {
      do { last = try sampler.frame() } catch { failure = error }
    }
    if let failure { last?.ended = failure.description }
    return last
  }
}
