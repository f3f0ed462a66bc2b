// Requests over events that were written by hand, told step by step.
import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

private let read = WaitReason.netpollRead.rawValue

@Suite("Following a request")
struct RequestTests {
  /// G4 accepts on fd 5, and G77 handles the request. M5 is the netpoll thread. The moments in milliseconds:
  /// G4 parks 1, is ready 11 (poll 11.01), runs on P1 11.2, creates G77 11.3. G77 runs on P0 11.5, parks to
  /// read 11.6, is ready 11.9, runs 12, is in its handler from 12.1 to 15.1, parks for the next request 15.4.
  private func accepted() throws -> Script {
    let script = try Script(procs: 2)
    let label = UInt32(script.region.intern("GET /"))
    let entry = UInt32(script.region.intern("serve at a.swift:9"))
    script.p(0, 0.5, .goStart, 4)
    script.p(0, 1, .goPark, 4, read, arg: 6)
    script.m(5, 11, .goReady, 4, read, arg: Place.grq(3))
    script.m(5, 11.01, .netpoll, 0, 0, count: 1, arg: 2)
    script.p(1, 11.2, .goStart, 4, RunSource.untold.rawValue, arg: 200_000)
    script.p(1, 11.3, .goCreate, 77, count: entry, arg: 4 | Place.next(0))
    script.p(1, 11.4, .goPark, 4, read, arg: 6)
    script.p(0, 11.5, .goStart, 77, RunSource.untold.rawValue, arg: 200_000)
    script.p(0, 11.6, .goPark, 77, read, arg: 9)
    script.p(0, 11.9, .goReady, 77, read, arg: Place.lrq(0))
    script.p(0, 11.95, .netpoll, 0, 1, count: 1, arg: 1)
    script.p(0, 12, .goStart, 77, RunSource.netpoll.rawValue, arg: 100_000)
    script.p(0, 12.1, .goLabel, 77, 1, count: label, arg: 900)
    script.p(0, 15.1, .goLabel, 77, 0, arg: 0)
    script.p(0, 15.4, .goPark, 77, read, arg: 9)
    return script
  }

  private func kept(_ script: Script) {
    script.m(5, 20, .goReady, 77, read, arg: Place.grq(0))
    script.m(5, 20.1, .netpoll, 0, 0, count: 1, arg: 1)
    script.p(1, 20.5, .goStart, 77, RunSource.untold.rawValue, arg: 500_000)
    script.p(1, 20.6, .goLabel, 77, 1, arg: 901)
    script.p(1, 21.6, .goLabel, 77, 0, arg: 0)
    script.p(1, 21.7, .goLabel, 77, 1, arg: 902)
    script.p(1, 21.8, .goLabel, 77, 0, arg: 0)
    script.p(1, 22, .goExit, 77)
  }

  @Test("a new connection: each step's moment, place and numbers are those of the events")
  func newConnection() throws {
    let script = try accepted()
    let walk = try #require(try script.player().request(.last(by: script.time(100))))
    #expect(walk.connection == .accepted && walk.span.number == 900 && walk.span.duration == 3_000_000)
    #expect(walk.steps.map(\.kind) == RequestStep.Kind.allCases)
    #expect(
      walk.steps.map(\.outcome) == [
        .happened, .untold, .happened, .happened, .happened, .happened, .happened, .happened,
      ])
    let moments: [UInt64?] = [1, nil, 11, 11, 11.2, 11.3, 12.1, 15.1].map { $0.map { script.time($0) } }
    #expect(walk.steps.map(\.time) == moments && walk.zero == script.time(11))
    #expect(walk.offset(0) == -10_000_000 && walk.offset(1) == nil && walk.delta(4) == 200_000)
    #expect(
      walk.steps.map(\.p) == [0, nil, nil, nil, 1, 1, 0, 0]
        && walk.steps.map(\.m) == [0, nil, 5, 5, 1, 1, 0, 0])
    #expect(walk.steps.map(\.g) == [4, nil, nil, 4, 4, 77, 77, 77])
    #expect(walk.steps[6].lasted == 3_000_000 && walk.steps[6].text == "It ran on P0 (M0) for 3.00 ms.")
    let texts = walk.steps.map(\.text)
    #expect(
      texts[0].contains("on fd 5 and parked on netpoll; P0 (M0) went on without it. It waited 10.0 ms."))
    #expect(texts[1].contains("within 10.0 ms. The netpoll thread was waiting for it in the kernel"))
    #expect(
      texts[2]
        == "The netpoll thread, M5, came back from the kernel: 2 descriptors ready, and 1 G with it. It told of "
        + "that after its Gs, 10.0 µs later.")
    #expect(texts[3] == "M5 made G4 runnable: on the GRQ behind 3.")
    #expect(texts[4].hasPrefix("P1 (M1) ran G4 200 µs later."))
    #expect(
      texts[5]
        == "G4 accepted the connection and started G77 (serve at a.swift:9): next on P1. P0 (M0) ran it after "
        + "200 µs. It found nothing to read yet and parked for 300 µs; P0 (M0) ran it after 100 µs. 800 µs "
        + "after its creation it had the whole request, and the handler of GET / began.")
    #expect(texts[7].hasPrefix("The handler returned 3.00 ms after it began: ran 3.00 ms."))
    #expect(
      texts[7].hasSuffix("300 µs later G77 (serve at a.swift:9) parked on fd 8 for the next request."))
  }

  @Test("the events behind a step are told with it, in the order of time")
  func events() throws {
    let walk = try #require(try accepted().player().request(.number(900)))
    #expect(walk.steps[2].events.map(\.kind) == [.goReady, .netpoll])
    #expect(
      walk.steps[5].events.map(\.kind) == [.goCreate, .goStart, .goPark, .goReady, .goStart, .goLabel])
    #expect(walk.steps[7].events.map(\.kind) == [.goLabel, .goPark])
    for step in walk.steps { #expect(step.events.map(\.time) == step.events.map(\.time).sorted()) }
  }

  @Test("a connection that was there already: no accept, no new G, and the wait is that of its own G")
  func keptConnection() throws {
    let script = try accepted()
    kept(script)
    let walk = try #require(try script.player().request(.number(901)))
    #expect(walk.connection == .kept && walk.steps[5].outcome == .absent)
    #expect(walk.steps[0].text.hasPrefix("No accept: the connection was there already. Its G, G77"))
    #expect(walk.steps[0].time == script.time(15.4) && walk.steps[0].text.hasSuffix("It waited 4.60 ms."))
    #expect(walk.steps[4].time == script.time(20.5) && walk.steps[4].p == 1)
    #expect(walk.steps[5].text.hasPrefix("Did not happen: the connection was there already"))
    #expect(walk.steps[5].text.hasSuffix("100 µs after it ran."))
    #expect(walk.steps[7].text.contains("was the next request"))
  }

  @Test("a request whose bytes came with those before is not told to have waited")
  func pipelined() throws {
    let script = try accepted()
    kept(script)
    let walk = try #require(try script.player().request(.last(by: script.time(100))))
    #expect(walk.span.number == 902 && walk.connection == .kept)
    #expect(walk.steps.prefix(6).map(\.outcome) == Array(repeating: .absent, count: 6))
    #expect(walk.steps[0].text.contains("did not wait for its socket before this request"))
    #expect(walk.steps.prefix(5).map(\.time) == Array(repeating: nil, count: 5))
    #expect(
      walk.steps[7].text.hasSuffix(
        "200 µs later G77 was gone, and the connection with it."))
  }

  @Test("chosen: by number, by a G, the last by a moment, the next after one")
  func choices() throws {
    let script = try accepted()
    kept(script)
    var player = try script.player()
    func number(_ choice: RequestChoice) -> UInt64? { player.request(choice)?.span.number }
    #expect(number(.last(by: script.time(20.9))) == 900 && number(.last(by: script.time(15))) == nil)
    #expect(number(.next(after: script.time(15))) == 900 && number(.next(after: script.time(15.1))) == 901)
    #expect(number(.next(after: script.time(21.8))) == nil)
    #expect(number(.of(g: 77, by: script.time(21))) == 901 && number(.of(g: 5, by: script.time(21))) == nil)
    #expect(number(.number(77)) == nil)
    // The choice of a request does not depend on the moment that is shown.
    player.seekToStart()
    #expect(number(.next(after: script.time(15.1))) == 901)
  }

  @Test("a G that a request started leads to that request")
  func children() throws {
    let script = try accepted()
    script.p(1, 30, .goStart, 50)
    script.p(1, 31, .goLabel, 50, 1, arg: 70)
    script.p(1, 32, .goCreate, 51, 1, arg: 50)
    script.p(1, 33, .goLabel, 50, 0, arg: 0)
    let walk = try #require(try script.player().request(.of(g: 51, by: script.time(40))))
    #expect(walk.span.number == 70 && walk.connection == .none && walk.span.gs == 2)
    #expect(walk.steps[0].text.contains("no wait for a socket led to this span"))
  }

  @Test("what goes on, and what began before the history, is told as that")
  func unfinished() throws {
    let script = try Script(procs: 1)
    script.m(5, 2, .goReady, 4, read, arg: Place.grq(0))
    script.m(5, 2.1, .netpoll, 0, 0, count: 1, arg: 1)
    script.p(0, 3, .goStart, 4, RunSource.untold.rawValue, arg: 1_000_000)
    script.p(0, 4, .goCreate, 6, arg: 4)
    script.p(0, 5, .goPark, 4, read, arg: 6)
    script.p(0, 6, .goStart, 6, RunSource.untold.rawValue, arg: 2_000_000)
    script.p(0, 7, .goLabel, 6, 1, arg: 9)
    script.p(0, 8, .goPark, 6, WaitReason.sleep.rawValue)
    let walk = try #require(try script.player().request(.number(9)))
    #expect(
      walk.steps[0].outcome == .untold
        && walk.steps[0].text.hasSuffix("since when is not in what was looked through."))
    let last = try #require(walk.steps.last)
    #expect(last.outcome == .untold && last.text.hasPrefix("The handler goes on still."))
    #expect(last.time == nil && last.moment == walk.steps[walk.steps.count - 2].moment)
  }

  @Test("each step's moment leads a player to where its event has happened")
  func moments() throws {
    let script = try accepted()
    var player = try script.player()
    let walk = try #require(player.request(.number(900)))
    player.seek(to: walk.steps[4].moment + 1)
    #expect(player.lastEvent?.kind == .goStart && player.lastEvent?.g == 4)
    #expect(walk.step(at: player.time) == 4)
    player.seek(to: walk.steps[7].moment + 1)
    #expect(player.lastEvent?.kind == .goLabel && walk.step(at: player.time) == 7)
    #expect(walk.step(at: 0) == 0)
  }
}
