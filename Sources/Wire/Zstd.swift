// zstd's streams for packets. Where the machine has no libzstd, packets are sent as they are.
internal import CZstd

package enum Zstd {
  /// Whether this build can use libzstd: its header was there when this was built.
  package static var isBuiltIn: Bool { czstd_is_built_in() }
  /// The version of the library on this machine; nil: it has none, or this build cannot use it.
  package static var version: String? { unsafe czstd_version().map { unsafe String(cString: $0) } }
}

/// Compresses payloads, each of which goes on with the stream of those before. Not thread-safe.
///
/// Safe because: the context belongs to this object and is freed with it.
@safe final class PayloadCompressor {
  private let context: UnsafeMutableRawPointer

  /// Begins a stream of zstd; nil: this machine has no libzstd, or no memory.
  init?() {
    guard let context = unsafe czstd_encoder_new() else { return nil }
    unsafe self.context = context
  }

  deinit { unsafe czstd_encoder_free(context) }

  /// The compressed payload; nil: the library failed, and the stream is over.
  func compress(_ payload: [UInt8]) -> [UInt8]? {
    let room = czstd_bound(payload.count)
    let out = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      count = unsafe czstd_compress(context, payload, payload.count, buffer.baseAddress, room)
    }
    return out.isEmpty ? nil : out
  }
}

/// Expands payloads. Not thread-safe.
///
/// Safe because: the context belongs to this object and is freed with it, and the library is told the size of each buffer.
@safe final class PayloadExpander {
  private let context: UnsafeMutableRawPointer
  private static let piece = 1 << 17

  /// Begins a stream of zstd; nil: this machine has no libzstd, or no memory.
  init?() {
    guard let context = unsafe czstd_decoder_new() else { return nil }
    unsafe self.context = context
  }

  deinit { unsafe czstd_decoder_free(context) }

  /// The payload as it was before it was compressed; nil: the bytes are damaged, or it is larger
  /// than `limit`.
  func expand(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
    var (out, next) = ([UInt8](), 0)
    while true {
      var (taken, written) = (0, 0)
      var isGood = false
      let piece = unsafe [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
        isGood = unsafe bytes.withUnsafeBufferPointer { bytes in
          unsafe czstd_expand(
            context, bytes.baseAddress! + next, bytes.count - next, &taken, buffer.baseAddress, Self.piece,
            &written)
        }
        count = written
      }
      guard isGood, out.count + written <= limit else { return nil }
      out += piece
      next += taken
      if written < Self.piece, next == bytes.count { return out }
      if taken == 0, written == 0 { return nil }  // it does not get further
    }
  }
}
