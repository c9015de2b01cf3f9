internal import Glibc
internal import TensorTypes

/// A tensor spread out with one value between its elements, before them and behind them; negative borders crop.
///
/// The input's element `i` of a dimension stands at `low + i * (interior + 1)` of the result, if there is such a place.
struct InteriorPadding: Sendable {
  private struct Axis: Sendable {
    let inputSize: Int
    let size: Int
    let low: Int
    let step: Int
    /// The input's positions that appear in the result.
    let kept: Range<Int>
  }

  let shape: Shape
  private let axes: [Axis]
  private let inputStrides: [Int]
  private let width: Int
  private let inputBytes: Int
  private let outputBytes: Int

  /// Sizes of the result's dimensions, which may be negative.
  ///
  /// - Throws: `malformed` for negative interior paddings, lists that do not fit the rank and sizes that overflow.
  static func sizes(
    _ input: Shape, low: [Int], high: [Int], interior: [Int]
  ) throws(OperatorError) -> [Int] {
    guard low.count == input.rank, high.count == input.rank, interior.count == input.rank else {
      throw .malformed("\(low.count), \(high.count) and \(interior.count) paddings for rank \(input.rank)")
    }
    var sizes: [Int] = []
    for axis in 0..<input.rank {
      guard interior[axis] >= 0 else { throw .malformed("the interior padding \(interior[axis]) is negative") }
      let limit = 1 << 40
      guard interior[axis] <= Int(Int32.max), abs(clamping: low[axis]) < limit, abs(clamping: high[axis]) < limit else {
        throw .malformed("paddings \(low[axis]), \(interior[axis]) and \(high[axis]) are too large")
      }
      let spread = input[axis] == 0 ? 0 : input[axis] + (input[axis] - 1) * interior[axis]
      sizes.append(spread + low[axis] + high[axis])
    }
    return sizes
  }

  /// - Throws: `malformed` when the result has no valid shape, `unsupported` for elements that are not whole bytes.
  init(
    _ input: Shape, low: [Int], high: [Int], interior: [Int], element: ElementType
  ) throws(OperatorError) {
    guard element.bitWidth >= 8 else {
      throw .unsupported("tensors of type \(element); elements of whole bytes are supported")
    }
    width = element.bitWidth / 8
    let sizes = try Self.sizes(input, low: low, high: high, interior: interior)
    guard let shape = Shape(sizes), let inputBytes = element.byteCount(of: input.elementCount),
      let outputBytes = element.byteCount(of: shape.elementCount)
    else { throw .malformed("the padded shape \(sizes) is not valid") }
    self.shape = shape
    self.inputBytes = inputBytes
    self.outputBytes = outputBytes
    inputStrides = input.strides
    axes = (0..<input.rank).map { axis in
      let step = interior[axis] + 1
      let first = low[axis] >= 0 ? 0 : (-low[axis] + step - 1) / step
      let room = sizes[axis] - low[axis]
      let end = room <= 0 ? 0 : min(input[axis], (room + step - 1) / step)
      return Axis(
        inputSize: input[axis], size: sizes[axis], low: low[axis], step: step, kept: first..<max(first, end))
    }
  }

  /// Bytes of the result.
  var byteCount: Int { outputBytes }

  /// Whether the result is the input.
  var isIdentity: Bool { axes.allSatisfy { $0.low == 0 && $0.step == 1 && $0.size == $0.inputSize } }

  /// - Parameters:
  ///   - value: the element between and around the input's, as many bytes as an element has.
  ///   - target: where the result goes.
  func run(
    _ io: Operands, _ source: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer,
    to target: UnsafeMutableRawBufferPointer
  ) throws(OperatorError) {
    guard source.count >= inputBytes, target.count >= outputBytes, value.count >= width else {
      throw .malformed("an operand is smaller than its shape")
    }
    guard outputBytes > 0 else { return }
    switch width {
    case 1: try unsafe run(UInt8.self, io, source, value, target)
    case 2: try unsafe run(UInt16.self, io, source, value, target)
    case 4: try unsafe run(UInt32.self, io, source, value, target)
    case 8: try unsafe run(UInt64.self, io, source, value, target)
    default: try unsafe run(SIMD2<UInt64>.self, io, source, value, target)
    }
  }

  private func run<T: BitwiseCopyable & Sendable>(
    _: T.Type, _ io: Operands, _ source: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
    _ target: UnsafeMutableRawBufferPointer
  ) throws(OperatorError) {
    guard let to = target.baseAddress, let valueAddress = value.baseAddress else { return }
    let from = unsafe source.baseAddress ?? UnsafeRawPointer(to)
    let filling = unsafe valueAddress.loadUnaligned(as: T.self)
    let inner = axes.last ?? Axis(inputSize: 1, size: 1, low: 0, step: 1, kept: 0..<1)
    let size = MemoryLayout<T>.size
    let rowBytes = inner.size * size
    nonisolated(unsafe) let input = unsafe from
    nonisolated(unsafe) let output = unsafe to
    try io.parallel(shape.elementCount / inner.size, grain: max(1, (1 << 15) / rowBytes)) { rows in
      for row in rows {
        var rest = row
        var offset = 0
        var isBorder = inner.kept.isEmpty
        for index in axes.indices.dropLast().reversed() {
          let axis = axes[index]
          let place = rest % axis.size - axis.low
          rest /= axis.size
          let (quotient, remainder) = place.quotientAndRemainder(dividingBy: axis.step)
          if place < 0 || remainder != 0 || quotient >= axis.inputSize {
            isBorder = true
          } else {
            offset &+= quotient &* inputStrides[index]
          }
        }
        // Safety: rows lie inside the result; kept positions are positions of the input. Both sizes were checked.
        let y = unsafe output + row &* rowBytes
        if isBorder {
          for index in 0..<inner.size { unsafe y.storeBytes(of: filling, toByteOffset: index &* size, as: T.self) }
          continue
        }
        let x = unsafe input + offset &* size
        let start = inner.low + inner.kept.lowerBound * inner.step
        let end = inner.low + (inner.kept.upperBound - 1) * inner.step + 1
        for index in 0..<start { unsafe y.storeBytes(of: filling, toByteOffset: index &* size, as: T.self) }
        for index in end..<inner.size { unsafe y.storeBytes(of: filling, toByteOffset: index &* size, as: T.self) }
        if inner.step == 1 {
          unsafe memcpy(y + start &* size, x + inner.kept.lowerBound &* size, inner.kept.count &* size)
          continue
        }
        for index in start..<end { unsafe y.storeBytes(of: filling, toByteOffset: index &* size, as: T.self) }
        for index in inner.kept {
          unsafe y.storeBytes(
            of: x.loadUnaligned(fromByteOffset: index &* size, as: T.self),
            toByteOffset: (inner.low &+ index &* inner.step) &* size, as: T.self)
        }
      }
    }
  }
}

/// The magnitude, limited where it does not fit.
private func abs(clamping value: Int) -> Int { value == .min ? .max : value < 0 ? -value : value }
