// The other parts of mpg-demo: `/echo`, `/stats`, and the end on a signal.

import Glibc
import HTTP
import MPG
import Net

/// `/echo`: the request as the server understood it. Tests compare this with what other parsers understand.
@Sendable func echo(_ request: borrowing Request, _ response: inout Response) {
  response.write("\(request.method.name) \(request.target)\n")
  for (name, value) in request.fields { response.write("\(name): \(value)\n") }
  response.write("\n")
  response.write(request.body)
}

/// `/stats`: the counters of scheduler and server, one name and number per line; and netpoll's backend, by its name.
func showStatistics(_ counters: Counters, _ response: inout Response) {
  let statistics = MPG.statistics()
  let lines: [(String, UInt64)] = [
    ("procs", UInt64(clamping: statistics.procs)),
    ("threads", UInt64(clamping: statistics.threads)),
    ("gs_live", UInt64(clamping: statistics.live)),
    ("gs_created", statistics.created),
    ("switches", statistics.switches),
    ("steals", statistics.steals),
    ("grq", UInt64(clamping: statistics.grq)),
    ("netpoll_parked", UInt64(clamping: statistics.netpollParked)),
    ("connections_accepted", UInt64(clamping: counters.accepted.load(ordering: .relaxed))),
    ("connections_refused", UInt64(clamping: counters.refused.load(ordering: .relaxed))),
    ("requests", UInt64(clamping: counters.requests.load(ordering: .relaxed))),
    ("accept_exhaustions", UInt64(clamping: counters.exhaustions.load(ordering: .relaxed))),
  ]
  for (name, value) in lines { response.write("\(name) \(value)\n") }
  response.write("netpoll \(statistics.netpoll)\n")
}

/// The first SIGTERM or SIGINT lets requests in flight finish; a second one ends the process at once. When this returns, both
/// signals are caught.
func stopOnSignal(_ server: Server) throws {
  let signals = try Signals([SIGTERM, SIGINT])
  go {
    _ = signals.next()
    server.shutDown()
    let signal = signals.next()
    complain("asked to stop again; requests in flight are lost")
    server.abandon()
    exit(128 + signal)
  }
}

/// Serves until `shutDown`, then reports how many connections had not ended in time.
func serve(_ server: Server, on socket: ListeningSocket) throws {
  let open = try server.serve(socket)
  if open > 0 { complain("stopped with \(open) connections still busy after the drain time-out") }
}
