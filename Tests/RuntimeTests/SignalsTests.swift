// Waiting for signals in a G, and in scopes that are cancelled.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Signals")
struct SignalsTests {
  @Test("next waits on in a cancelled scope, parked, and hears of the signal", arguments: Backend.available)
  func nextWaitsOn(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let (signals, heard) = (try Signals([SIGUSR1]), Channel<Int32>(capacity: 2))
        for isCancelledBefore in [true, false] {
          withCancellation { scope in
            if isCancelledBefore { scope.cancel() }
            go { heard.send(signals.next()) }
            awaitParked()
          }
          awaitParked()
          kill(getpid(), SIGUSR1)
          checkEqual(heard.receive(), SIGUSR1, "the signal")
        }
      }
    }
  }

  @Test("nextOrCancelled ends with the scope, and takes no signal then", arguments: Backend.available)
  func nextOrCancelledEnds(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let (signals, ended) = (try Signals([SIGUSR1]), Channel<Bool>(capacity: 1))
        withCancellation { scope in
          go {
            do { _ = try signals.nextOrCancelled() } catch { ended.send(true) }
          }
          awaitParked()
          scope.cancel()
          checkEqual(ended.receive(), true, "that it threw")
          kill(getpid(), SIGUSR1)
          do { checkEqual(try signals.nextOrCancelled(), 0, "nothing") } catch {}
        }
        checkEqual(try signals.nextOrCancelled(), SIGUSR1, "the signal, which nobody took")
      }
    }
  }
}

/// Returns when a G has parked for a signal and stays parked. A G that keeps waking and parking does not pass
/// for one.
private func awaitParked() {
  var sightings = 0
  let start = ContinuousClock().now
  while sightings < 20 {
    MPG.sleep(.milliseconds(1))
    sightings = parked(.signal) == 1 ? sightings + 1 : 0
    check(ContinuousClock().now - start < .seconds(60), "a G to wait for a signal")
  }
}
