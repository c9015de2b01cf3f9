/// A block of plain values whose length never changes. Unlike `Array` it has one owner, so that writing an element in the search's inner
/// loops needs neither a uniqueness check nor reference counting. Every access is bounds-checked.
@safe struct FixedArray<Element: BitwiseCopyable>: ~Copyable {
  private let elements: UnsafeMutableBufferPointer<Element>

  init(repeating value: Element, count: Int) {
    unsafe elements = UnsafeMutableBufferPointer.allocate(capacity: count)
    unsafe elements.initialize(repeating: value)
  }

  deinit { unsafe elements.deallocate() }

  var count: Int { unsafe elements.count }

  subscript(index: Int) -> Element {
    @inline(__always) get {
      unsafe precondition(index >= 0 && index < elements.count)
      return unsafe elements[index]
    }
    @inline(__always) nonmutating set {
      unsafe precondition(index >= 0 && index < elements.count)
      unsafe elements[index] = newValue
    }
  }
}
