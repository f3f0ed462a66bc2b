// The string table: names that events and Gs carry by id.
//
// The table is append-only. A string's id is its byte offset in the area plus 1; id 0 means none. At that offset lie
// two bytes with its length, the low one first, and then its UTF-8 bytes. `SchedField.stringBytes` says how far the area
// is filled. The writer publishes it with release after the bytes, so a reader that acquires it may read all below it.

public enum StringTable {
  /// The most bytes of a string that are stored; the rest is cut off.
  public static let longest = 512

  /// Appends `string` at `end` and returns the new end, or nil when the table is full. One thread writes at a time.
  public static func append(
    _ string: String, to area: UnsafeMutableRawBufferPointer, at end: Int
  ) -> Int? {
    let bytes = Array(string.utf8.prefix(longest))
    guard end + 2 + bytes.count <= area.count else { return nil }
    unsafe area[end] = UInt8(truncatingIfNeeded: bytes.count)
    unsafe area[end + 1] = UInt8(truncatingIfNeeded: bytes.count >> 8)
    for (index, byte) in bytes.enumerated() { unsafe area[end + 2 + index] = byte }
    return end + 2 + bytes.count
  }

  /// The string with this id, or nil when it does not lie wholly below `end`. Bytes that are not UTF-8 are replaced.
  /// `id`, `end` and the bytes may be wrong in any way: nothing outside of `area` is read.
  public static func string(_ id: UInt64, in area: UnsafeRawBufferPointer, below end: Int) -> String? {
    guard id > 0, end > 0, id < UInt64(min(end, area.count)) else { return nil }
    let start = Int(id) - 1
    guard start + 2 <= min(end, area.count) else { return nil }
    let length = unsafe Int(area[start]) | Int(area[start + 1]) << 8
    guard length <= longest, start + 2 + length <= min(end, area.count) else { return nil }
    return unsafe String(decoding: area[start + 2..<start + 2 + length], as: UTF8.self)
  }
}
