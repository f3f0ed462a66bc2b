// What an explanation points at, and the keys that lead there: each route is gone, key by key.
import Insight
import Inspector
import Region
import Testing

@testable import TUI

@Suite("Routes")
struct RouteTests {
  static let subjects: [SeeAlso] =
    [.ps, .ms, .steals, .sockets, .timeline, .preemptions, .gsByReason, .gsBySpawnSite, .waitOfOne]
    + SpanKind.allCases.map { .longest($0) } + WaitReason.allCases.map { .gs(waitingFor: $0) }

  /// Presses the keys that a route names, from the Overview.
  private func gone(_ route: Route, from start: AppState? = nil) throws -> AppState {
    var state = start ?? AppState(size: Size(columns: 120, rows: 40))
    _ = state.update(.frame(Fixtures.detailed()))
    func press(_ key: Key) { _ = state.update(.input(.key(key))) }
    for step in route.steps {
      switch step {
      case .press(let action, let times):
        let key = try #require(route.key(of: action))
        for _ in 0..<times { press(key) }
      case .pressOnOne(let action): press(try #require(route.key(of: action)))
      case .type(let text):
        for scalar in text.unicodeScalars { press(.character(scalar)) }
        press(.enter)
      }
    }
    return state
  }

  @Test("each route ends at its subject")
  func routesArrive() throws {
    let screens: [SeeAlso: ScreenID] = [
      .ps: .ps, .ms: .ms, .steals: .steals, .sockets: .netpoll, .timeline: .timeline, .preemptions: .events,
    ]
    for (subject, screen) in screens { #expect(try gone(Route(to: subject)).screen == screen, "\(subject)") }
    #expect(try gone(Route(to: .preemptions)).list.filter.source == "kind:goPreempt")
    #expect(try gone(Route(to: .gsByReason)).gsMode == .reasons)
    #expect(try gone(Route(to: .gsBySpawnSite)).gsMode == .sites)
    for kind in SpanKind.allCases { #expect(try gone(Route(to: .longest(kind))).why == .latency(kind)) }
    for reason in WaitReason.allCases {
      let state = try gone(Route(to: .gs(waitingFor: reason)))
      #expect(state.screen == .gs && state.list.filter.source == "reason:\(reason)")
      #expect(state.list.filter.problem == nil)
    }
  }

  @Test("one of the Gs is explained, in a list at once, and in a group after Enter")
  func oneIsExplained() throws {
    for before in Self.subjects where before != .waitOfOne {
      guard [.sockets, .gs(waitingFor: .netpollRead), .gsByReason, .gsBySpawnSite].contains(before) else {
        continue
      }
      let there = try gone(Route(to: before))
      switch try gone(Route(to: .waitOfOne, after: before), from: there).why {
      case .g, .descriptor: break
      case let other: Issue.record("after \(before) it explains \(String(describing: other))")
      }
    }
  }

  @Test("the words name the keys of the table, in their order")
  func words() {
    #expect(Route(to: .ps).words == "2" && Route(to: .timeline).words == "7")
    #expect(Route(to: .preemptions).words == "9, then / kind:goPreempt")
    #expect(Route(to: .longest(.runQueue)).words == "8, then x")
    #expect(Route(to: .longest(.slice)).words == "8, Down twice, then x")
    #expect(
      Route(to: .gsByReason).words == "3, then o" && Route(to: .gsBySpawnSite).words == "3, then o twice")
    #expect(Route(to: .waitOfOne, after: .sockets).words == "x on one")
    #expect(Route(to: .waitOfOne, after: .gsBySpawnSite).words == "Enter, then x on one")
    for subject in Self.subjects { #expect(Route(to: subject).words != nil, "\(subject)") }
  }

  @Test("a sentence names all its subjects, and the way to each")
  func sentences() {
    #expect(Route.sentence(to: []) == "")
    #expect(Route.sentence(to: [.ps]) == " 2 shows each P and its queue.")
    #expect(
      Route.sentence(to: [.gs(waitingFor: .sleep), .waitOfOne])
        == " 3, then / reason:sleep, shows Gs that wait for sleep; x on one tells why that G waits, and what "
        + "ends its wait.")
    #expect(
      Route.sentence(to: [.preemptions, .longest(.slice), .timeline])
        == " 9, then / kind:goPreempt, shows Gs that were preempted; 8, Down twice, then x, the longest time "
        + "that a G kept a P; 7 what each P did, moment by moment.")
  }
}
