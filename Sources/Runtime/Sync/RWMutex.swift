// RWMutex: many readers or one writer.
//
// §1 `readers` counts those that hold it or wait behind a writer. A writer that wants it takes `bias` from it, so that
// it is negative while one is about; the readers that hold it then are counted in `leaving`, and the last of them lets
// the writer in.
//
// §2 Nobody starves. A reader that comes after a writer waits for it, so the writer waits only for the readers before
// it. A writer that is done lets in all readers that waited, before the next writer takes its bias.
//
// §3 Writers are kept apart by a Mutex, which the one that is about holds.
//
// Source: Go's sync.RWMutex.
import Synchronization

/// A lock that either one writer holds, or any number of readers.
///
/// Thread-safe; from Gs only; parks the G, never the thread. Not recursive: a G that reads and asks to read again may
/// wait for a writer that waits for it.
public final class RWMutex: Sendable {
  private let writers = Mutex()
  private let readers = Atomic<Int>(0)
  private let leaving = Atomic<Int>(0)
  /// Permits for readers that waited for a writer, and for the writer that waited for readers.
  private let readerTurn = Semaphore(0, waiting: .mutex)
  private let writerTurn = Semaphore(0, waiting: .mutex)

  private static let bias = 1 << 40

  public init() {}

  /// Locks it for reading.
  public func readLock() {
    // acquire: pairs with the release in `writeUnlock`
    if readers.add(1, ordering: .acquiringAndReleasing).newValue < 0 { readerTurn.acquire() }
  }

  /// Unlocks it for reading. If nobody reads, the process ends.
  public func readUnlock() {
    // release: pairs with the acquire in `writeLock`
    let left = readers.subtract(1, ordering: .acquiringAndReleasing).newValue
    guard left < 0 else { return }
    guard left != -1, left != -Self.bias - 1 else { fatal("readUnlock of an RWMutex that nobody reads") }
    if leaving.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { writerTurn.release() }
  }

  /// Locks it for writing.
  public func writeLock() {
    writers.lock()
    let reading = readers.subtract(Self.bias, ordering: .acquiringAndReleasing).oldValue
    // Those who left since count below zero; the sum is zero when all have.
    if reading != 0, leaving.add(reading, ordering: .acquiringAndReleasing).newValue != 0 {
      writerTurn.acquire()
    }
  }

  /// Unlocks it for writing. If nobody writes, the process ends.
  public func writeUnlock() {
    let waiting = readers.add(Self.bias, ordering: .acquiringAndReleasing).newValue
    guard waiting < Self.bias else { fatal("writeUnlock of an RWMutex that nobody writes") }
    if waiting > 0 { readerTurn.release(waiting) }
    writers.unlock()
  }

  /// Runs `body` while it is locked for reading.
  public func withReadLock<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    readLock()
    defer { readUnlock() }
    return try body()
  }

  /// Runs `body` while it is locked for writing.
  public func withWriteLock<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    writeLock()
    defer { writeUnlock() }
    return try body()
  }
}
