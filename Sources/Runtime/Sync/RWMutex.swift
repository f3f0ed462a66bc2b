// RWMutex: many readers or one writer.
//
// §1 `readers` counts the readers that hold the lock or wait behind a writer. A writer that wants the lock subtracts
// `bias`, so `readers` is negative while a writer waits or writes. The readers that hold the lock at that moment are
// counted in `leaving`, and the last of them lets the writer in.
//
// §2 Nobody starves. A reader that comes after a writer waits for that writer, so a writer waits only for the readers
// that came before it. A writer that is done lets in all readers that wait, before the next writer subtracts `bias`.
//
// §3 A Mutex keeps writers apart. The writer that waits for readers, or writes, holds it.
//
// Source: Go's sync.RWMutex.
import Synchronization

/// A lock that either one writer holds, or any number of readers.
///
/// Thread-safe; use it from Gs only. It parks the G, never the thread. Not recursive: a G that reads and locks for
/// reading again may wait for a writer that waits for this same G.
public final class RWMutex: Sendable {
  private let writers = Mutex()
  private let readers = Atomic<Int>(0)
  private let leaving = Atomic<Int>(0)
  /// Permits: `readerTurn` for readers that waited for a writer, `writerTurn` for the writer that waited for readers.
  private let readerTurn = Semaphore(0, waiting: .mutex)
  private let writerTurn = Semaphore(0, waiting: .mutex)

  private static let bias = 1 << 40

  /// A lock that nobody holds.
  public init() {}

  /// Takes the lock for reading; parks the G while another writes or waits to write.
  public func readLock() {
    // acquire: pairs with the release in `writeUnlock`
    if readers.add(1, ordering: .acquiringAndReleasing).newValue < 0 { readerTurn.acquire() }
  }

  /// Gives the lock up after reading. Ends the process if nobody reads.
  public func readUnlock() {
    // release: pairs with the acquire in `writeLock`
    let left = readers.subtract(1, ordering: .acquiringAndReleasing).newValue
    guard left < 0 else { return }
    guard left != -1, left != -Self.bias - 1 else { fatal("readUnlock of an RWMutex that nobody reads") }
    if leaving.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { writerTurn.release() }
  }

  /// Takes the lock for writing; parks the G until nobody else holds it.
  public func writeLock() {
    writers.lock()
    let reading = readers.subtract(Self.bias, ordering: .acquiringAndReleasing).oldValue
    // Readers that have left since `bias` was subtracted made `leaving` negative. `leaving` plus `reading` is zero when all
    // readers that held the lock at that moment have left.
    if reading != 0, leaving.add(reading, ordering: .acquiringAndReleasing).newValue != 0 {
      writerTurn.acquire()
    }
  }

  /// Gives the lock up after writing. Ends the process if nobody writes.
  public func writeUnlock() {
    let waiting = readers.add(Self.bias, ordering: .acquiringAndReleasing).newValue
    guard waiting < Self.bias else { fatal("writeUnlock of an RWMutex that nobody writes") }
    if waiting > 0 { readerTurn.release(waiting) }
    writers.unlock()
  }

  /// Runs `body` while the lock is held for reading.
  public func withReadLock<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    readLock()
    defer { readUnlock() }
    return try body()
  }

  /// Runs `body` while the lock is held for writing.
  public func withWriteLock<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    writeLock()
    defer { writeUnlock() }
    return try body()
  }
}
