internal import CKernels
internal import TensorTypes

/// Places of rows in a tensor, as an input of indices names them: for each place one index for each of some dimensions, the outermost first.
struct RowPlaces: Sendable {
  /// The input that holds the indices.
  private let input: Int
  /// `int16`, `int32` or `int64`.
  private let element: ElementType
  /// The dimensions that the indices count in.
  private let sizes: [Int]
  /// The rows that can be named.
  let rows: Int

  init(input: Int, element: ElementType, sizes: [Int]) {
    self.input = input
    self.element = element
    self.sizes = sizes
    rows = sizes.reduce(1, *)
  }

  /// Throws if one of `count` places is outside.
  ///
  /// - Parameter message: says so of an index and the number of its dimension.
  func check(_ io: Operands, count: Int, _ message: (_ index: Int, _ dimension: Int) -> String) throws(OperatorError) {
    guard count > 0, !sizes.isEmpty else { return }
    guard let bytes = element.byteCount(of: count * sizes.count), unsafe io.inputBytes(input).count >= bytes else {
      throw .malformed("an operand is smaller than its shape")
    }
    let place = unsafe withC(io) { unsafe tflk_first_index_outside($0, count) }
    guard place < count * sizes.count else { return }
    throw .invalidValue(message(io.index(input, place, element), place % sizes.count))
  }

  /// The number of the row at a place.
  @inline(__always)
  func row(_ io: Operands, _ place: Int) -> Int {
    var row = 0
    for axis in sizes.indices {
      row = row &* sizes[axis] &+ io.index(input, place &* sizes.count &+ axis, element)
    }
    return row
  }

  /// Hands the places to a C kernel; `check` has seen that all indices are there.
  func withC<Result>(_ io: Operands, _ body: (UnsafePointer<tflk_row_places>) -> Result) -> Result {
    unsafe sizes.withUnsafeBufferPointer { sizes in
      var places = unsafe tflk_row_places(
        indices: io.inputBytes(input).baseAddress, index_bytes: element.bitWidth / 8, sizes: sizes.baseAddress,
        depth: sizes.count)
      return unsafe body(&places)
    }
  }
}
