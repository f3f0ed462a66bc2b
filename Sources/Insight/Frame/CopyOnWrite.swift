// Large values inside values that are copied often.
//
// A frame has hundreds of counted references in it, and the state of the screen has two frames. Swift copies such a value field by
// field, and writes out the code for that in each type that contains one: without this wrapper it was a fifth of all code of
// mpgtop, 5 MB (docs/performance.md). With it, a copy of the large part is one more reference to it.

/// Keeps a value on the heap. Copies share it until one of them is changed, so it still behaves as a value. Threads may use
/// different copies at the same time.
@propertyWrapper
public struct CopyOnWrite<Value> {
  @usableFromInline
  final class Box {
    @usableFromInline var value: Value
    @inlinable init(_ value: Value) { self.value = value }
  }

  @usableFromInline var box: Box

  /// Moves a value to the heap.
  @inlinable
  public init(wrappedValue: Value) { box = Box(wrappedValue) }

  /// The value. A change of it copies the value first, if other copies share it.
  @inlinable
  public var wrappedValue: Value {
    _read { yield box.value }
    _modify {
      if !isKnownUniquelyReferenced(&box) { box = Box(box.value) }
      yield &box.value
    }
  }
}

extension CopyOnWrite: Equatable where Value: Equatable {
  /// Whether the values are equal. Copies of which none was changed are so without a look at the value.
  public static func == (left: CopyOnWrite, right: CopyOnWrite) -> Bool {
    left.box === right.box || left.box.value == right.box.value
  }
}

// A box that more than one copy refers to is never changed.
extension CopyOnWrite: @unchecked Sendable where Value: Sendable {}
