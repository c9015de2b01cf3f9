internal import Glibc
public import TensorTypes

/// `RFFT2D`: the Fourier transform over the last two dimensions of a real tensor.
///
/// Input 0 is `float32` of rank 2 to 8; input 1 (`int32`, two elements) holds the lengths of the transform, powers of two: the last two
/// dimensions are cropped or filled with zeros to them. The output is `complex64` with the dimensions `[…, lengths[0], lengths[1] / 2 + 1]`; the
/// other frequencies follow from symmetry. Computed in double precision.
public struct Rfft2D: Operator {
  public static let definition = OperatorDefinition(.rfft2D, versions: 1...1, options: 105)

  public init(options: OperatorOptions) {}

  public func outputElements(_ inputs: [TensorType?]) -> [ElementType]? { [.complex64] }

  private static func shape(_ input: Shape, _ lengths: [Int]) throws(OperatorError) -> Shape {
    for length in lengths where length < 1 || length & (length - 1) != 0 {
      throw .invalidValue("a transform of length \(length); powers of two are supported")
    }
    var dimensions = input.dimensions
    dimensions[input.rank - 2] = lengths[0]
    dimensions[input.rank - 1] = lengths[1] / 2 + 1
    guard let shape = Shape(dimensions) else { throw .malformed("the result's shape is not valid") }
    return shape
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 2)
    try node.expectOutput(.complex64)
    let input = try node.input(0)
    guard input.element == .float32 else { throw .unsupported("\(input.element) input; float32 is supported") }
    guard input.shape.rank >= 2 else {
      throw .malformed("the input has rank \(input.shape.rank); at least 2 is needed")
    }
    let lengths = try node.input(1)
    guard lengths.element == .int32, lengths.shape.dimensions == [2] else {
      throw .malformed("the lengths must be two of int32, not \(lengths)")
    }
    return [try Self.shape(input.shape, try node.integers(1))]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let input = try node.input(0).shape
    let output = try node.output(0).shape
    guard output.elementCount > 0 else { return Kernel { _ throws(OperatorError) in } }
    let rank = output.rank
    let height = output[rank - 2]
    let columns = output[rank - 1]
    // One column belongs to a transform of length 1, two to one of length 2.
    let width = columns == 1 ? 1 : 2 * (columns - 1)
    let pairs = (height + 1) / 2
    let complexBytes = MemoryLayout<SIMD2<Double>>.size
    let (rowBytes, rowOverflow) = (pairs * width).multipliedReportingOverflow(by: complexBytes)
    let (columnBytes, columnOverflow) = (height * columns).multipliedReportingOverflow(by: complexBytes)
    guard !rowOverflow, !columnOverflow else { throw .unsupported("a transform of \(height) by \(width)") }
    let transform = FourierTransform(maximumLength: max(height, width))
    let slices = output.elementCount / (height * columns)
    let inputHeight = input[rank - 2]
    let inputWidth = input[rank - 1]
    let kept = (height: min(inputHeight, height), width: min(inputWidth, width))
    let lengths = [height, width]
    let checked = try node.integersIfKnown(1) == nil
    return Kernel(scratch: [rowBytes, columnBytes]) { io throws(OperatorError) in
      if checked {
        let given = io.input(1, as: Int32.self)
        guard given.count == 2, Int(given[0]) == lengths[0], Int(given[1]) == lengths[1] else {
          throw .invalidValue("the lengths of the transform changed")
        }
      }
      for slice in 0..<slices {
        // Two rows at a time, one as the real and one as the imaginary part of a complex transform.
        try io.parallel(pairs, grain: max(1, 8192 / width)) { range in
          var frequencies = io.scratch(1, as: SIMD2<Double>.self)
          for pair in range {
            let rows = (2 * pair)..<min(2 * pair + 2, height)
            guard rows.lowerBound < kept.height, kept.width > 0 else {
              for row in rows {
                for k in 0..<columns { frequencies[k * height + row] = .zero }
              }
              continue
            }
            var z = io.scratch(0, as: SIMD2<Double>.self, in: pair * width..<(pair + 1) * width)
            for index in z.indices { z[index] = .zero }
            for row in rows where row < kept.height {
              let start = (slice * inputHeight + row) * inputWidth
              let x = io.input(0, as: Float.self, in: start..<start + kept.width)
              for index in x.indices { z[index][row & 1] = Double(x[index]) }
            }
            transform.run(&z)
            for k in 0..<columns {
              let a = z[k]
              let b = z[k == 0 ? 0 : width - k]
              frequencies[k * height + rows.lowerBound] = SIMD2(a.x + b.x, a.y - b.y) * 0.5
              if rows.count == 2 {
                frequencies[k * height + rows.lowerBound + 1] = SIMD2(a.y + b.y, b.x - a.x) * 0.5
              }
            }
          }
        }
        try io.parallel(columns, grain: max(1, 8192 / height)) { range in
          var y = io.output(0, as: SIMD2<Float>.self, in: slice * height * columns..<(slice + 1) * height * columns)
          for k in range {
            var z = io.scratch(1, as: SIMD2<Double>.self, in: k * height..<(k + 1) * height)
            transform.run(&z)
            for row in z.indices { y[row * columns + k] = SIMD2(Float(z[row].x), Float(z[row].y)) }
          }
        }
      }
    }
  }
}
