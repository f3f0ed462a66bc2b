// How Go prints the name of a function, and which functions it does not print.

enum FunctionName {
  /// The name without type arguments: `main.Map[...]` for `main.Map[go.shape.int_0]`, `main.List[...].Each[...]` for a
  /// generic method of a generic type. Before 1.27, Go itself leaves out all from the first bracket to the last, and with
  /// it names that stand in between.
  static func shown(_ name: String) -> String {
    let bytes = Array(name.utf8)
    guard let first = bytes.firstIndex(of: open), let last = bytes.lastIndex(of: close), last > first else {
      return name
    }
    guard let pieces = outside(bytes[first...last]) else { return name }
    return String(decoding: bytes[..<first], as: UTF8.self) + pieces
      + String(decoding: bytes[(last + 1)...], as: UTF8.self)
  }

  private static let open = UInt8(ascii: "[")
  private static let close = UInt8(ascii: "]")

  /// What is shown of `[…]`, or of `[…]name[…]`; nil: the brackets do not match.
  private static func outside(_ bytes: ArraySlice<UInt8>) -> String? {
    var (depth, text, isDotted) = (0, "", false)
    var plain: [UInt8] = []
    for byte in bytes {
      if byte == open {
        if depth == 0 {
          text += String(decoding: plain, as: UTF8.self) + "[...]"
          plain = []
          isDotted = true
        }
        depth += 1
      } else if byte == close {
        depth -= 1
        if depth < 0 { return nil }
      } else if depth == 0 {
        plain.append(byte)
      }
    }
    return depth == 0 && isDotted ? text : nil
  }

  /// Whether Go leaves the function out of the stacks that it prints: a function of the runtime that is not exported, or a name
  /// without a dot, which is no Go function. Go shows `gopanic`, and the functions that run finalizers and cleanups.
  static func isMachinery(_ name: String) -> Bool {
    switch name {
    case "runtime.gopanic", "runtime.runFinalizers", "runtime.runCleanups": return false
    default: break
    }
    guard name.utf8.contains(UInt8(ascii: ".")) else { return true }
    guard name.hasPrefix("runtime.") else { return false }
    // A function is exported if it begins with a capital: `Gosched`. A method's type must begin with one too: `(*Func).Entry`.
    var parts = name.dropFirst("runtime.".count).split(separator: ".", omittingEmptySubsequences: false)
    let function = parts.removeLast()
    let receiver = parts.joined(separator: ".").drop { $0 == "(" || $0 == "*" }
    return !(isCapital(function) && (receiver.isEmpty || isCapital(receiver)))
  }

  private static func isCapital(_ text: some StringProtocol) -> Bool {
    text.utf8.first.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ?? false
  }
}
