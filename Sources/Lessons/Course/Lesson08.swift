// Lesson 8: a channel hands a value over, and where the receiver is made ready.
import Inspector
import Region

extension Lesson {
  static let handOff = Lesson(
    number: 8,
    title: "Channels: direct hand-off",
    claim: "A value goes straight to the G that waits for it, and that G becomes the next of the sender's P.",
    situation: """
      A G waits for a value from a channel without a buffer. On another G's P two Gs stand ready: one in \
      `runnext`, one in the LRQ. Now the G that runs there sends a value.
      """,
    scenes: [
      Scene(
        name: "8",
        script: Move.begin + [
          .step(.home, until: .mark(.ready)), .ask, .step(.home, until: .mark(.done)), .prove,
        ] + Move.end)
    ],
    question: { _ in
      Question(
        "Where does the receiver go?",
        .choice([
          "into `runnext` of the sender's P", "to the end of the LRQ of the sender's P",
          "back to the P on which it ran last", "onto the GRQ, for whoever comes first",
        ]))
    },
    judge: { (evidence) throws(Unproven) in
      let tape = try evidence.tape()
      let events = try tape.between(.ready, .done)
      guard let ready = events.first(.goReady, where: { $0.record.other == tape.main && $0.p != nil }) else {
        throw Unproven("the sender made nobody ready")
      }
      let starts = events.all(.goStart) { $0.p == tape.home }
      guard ready.record.place.isRunnext, ready.p == tape.home, starts.first?.record.g == ready.record.g,
        !events.contains(where: {
          $0.record.kind == .goPark && $0.record.g == tape.main && $0.record.time < ready.record.time
        })
      else { throw Unproven("the receiver was put on \(ready.lane.name), \(ready.record.place.placeWords)") }
      let parked = events.first(.goPark) { $0.record.g == tape.main }
      return Outcome(
        .choice(0),
        "G\(ready.record.g) became the next of P\(ready.p ?? 0), and ran before the two that stood there",
        evidence.proof(
          [
            (ready, ready.record.place.placeWords), (parked, "the sender went on until here"),
            (starts.first, "the receiver is first"),
            (starts.dropFirst().first, "then those that stood there before"),
          ], on: tape))
    },
    why: """
      The sender finds the receiver in the channel's queue and copies the value straight into the place where the \
      receiver wants it: no buffer, no second copy, and the channel's lock is held once. Then it makes the \
      receiver ready on its own P, in `runnext`. The value is in this CPU's cache, and the sender often waits for \
      an answer next, so the receiver runs as soon as the sender stops. The sender itself does not wait. If \
      another P is idle, a thread is woken that may take the receiver from there.
      """,
    go: """
      The same in Go: chansend finds a sudog in recvq, sendDirect copies the value to the receiver's stack, and \
      goready puts the receiver into runnext. There the waiter is a sudog from a cache; here it is a record on the \
      waiting G's stack, since stacks never move.
      """,
    notes: [
      "Ask what happens with a buffered channel when a receiver waits. The same: the buffer is passed over.",
      "Ask who pays if the sender never stops: the receiver waits in runnext. Then it may be stolen, and lesson "
        + "11 has the hog.",
    ])
}
