// Compression by zlib.
internal import CGzip

package enum Gzip {
  /// Returns the bytes as a gzip file; nil: this build has no zlib, or zlib has failed.
  package static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
    let bound = cgzip_bound(bytes.count)
    guard bound > 0 else { return nil }
    var result = [UInt8](repeating: 0, count: bound)
    let count = unsafe result.withUnsafeMutableBufferPointer { output in
      unsafe bytes.withUnsafeBufferPointer {
        unsafe cgzip_compress($0.baseAddress, $0.count, output.baseAddress, output.count)
      }
    }
    guard count > 0 else { return nil }
    return Array(result.prefix(count))
  }
}
