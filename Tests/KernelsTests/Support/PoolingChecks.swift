import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// An image, the windows that a pooling operator moves over it, and the values under each.
struct PoolingCase: Sendable, CustomTestStringConvertible {
  var input: [Int]
  var filter = [1, 1]
  var stride = [1, 1]
  var same = true

  var testDescription: String { "\(input) window \(filter) stride \(stride) \(same ? "same" : "valid")" }

  func options(activation: Int8 = 0) throws -> OperatorOptions {
    try .table([
      0: .int8(same ? 0 : 1), 1: .int32(Int32(stride[1])), 2: .int32(Int32(stride[0])), 3: .int32(Int32(filter[1])),
      4: .int32(Int32(filter[0])), 5: .int8(activation),
    ])
  }

  /// Windows along height (0) or width (1).
  func count(_ axis: Int) -> Int {
    let size = input[axis + 1]
    return same ? (size + stride[axis] - 1) / stride[axis] : max(0, (size - filter[axis] + stride[axis]) / stride[axis])
  }

  private func before(_ axis: Int) -> Int {
    same ? max(0, (count(axis) - 1) * stride[axis] + filter[axis] - input[axis + 1]) / 2 : 0
  }

  var output: [Int] { [input[0], count(0), count(1), input[3]] }

  /// The values under each window, those in the padding left out.
  func windows<T>(_ values: [T]) -> [[T]] {
    let image = Grid(input, values: values)
    return Grid(output) { place in
      var found: [T] = []
      for y in 0..<filter[0] {
        for x in 0..<filter[1] {
          let row = place[1] * stride[0] - before(0) + y
          let column = place[2] * stride[1] - before(1) + x
          guard row >= 0, row < input[1], column >= 0, column < input[2] else { continue }
          found.append(image[[place[0], row, column, place[3]]])
        }
      }
      return found
    }.values
  }

  static let cases: [PoolingCase] = [
    .init(input: [1, 1, 1, 1]), .init(input: [1, 5, 7, 1], filter: [3, 3], stride: [2, 2]),
    .init(input: [2, 6, 6, 17], filter: [2, 2], stride: [2, 2], same: false),
    .init(input: [1, 4, 4, 3], filter: [5, 5]), .init(input: [1, 7, 7, 33], filter: [7, 7], same: false),
    .init(input: [1, 3, 4, 2], filter: [4, 4], same: false),
    .init(input: [1, 9, 3, 4], filter: [1, 3], stride: [3, 1]),
    .init(input: [2, 3, 9, 15], filter: [3, 2], stride: [1, 4], same: false),
    .init(input: [1, 2, 2, 8], filter: [9, 9], stride: [5, 5]), .init(input: [0, 4, 4, 3], filter: [2, 2]),
    .init(input: [1, 0, 4, 3], filter: [2, 2]), .init(input: [1, 4, 4, 0], filter: [2, 2]),
    .init(input: [1, 21, 20, 31], filter: [3, 3]),
  ]

  /// Windows and images that no pooling operator takes.
  static let refused: [PoolingCase] = [
    .init(input: [1, 2, 2, 1], filter: [0, 1]), .init(input: [1, 2, 2, 1], filter: [1, 0]),
    .init(input: [1, 2, 2, 1], filter: [-1, 1]), .init(input: [1, 2, 2, 1], stride: [0, 1]),
    .init(input: [1, 2, 2, 1], stride: [1, 0]), .init(input: [1, 2, 2, 1], stride: [1, Int(Int32.min)]),
    .init(input: [1, 2, 2, 1], filter: [4, 1], same: false), .init(input: [2, 2, 1]), .init(input: []),
    .init(input: [1, 1, 2, 2, 1]),
  ]
}

/// What pooling operators refuse, whatever they compute.
func expectPoolingRejections(
  supported: [ElementType], sourceLocation: SourceLocation = #_sourceLocation,
  _ make: (OperatorOptions) throws -> any Operator
) throws {
  for c in PoolingCase.refused {
    expectRejection(
      .malformed, of: try make(c.options()), [try TestTensor(zeros: .float32, c.input)], outputs: [(.float32, .none)],
      c.testDescription, sourceLocation: sourceLocation)
  }
  let c = PoolingCase(input: [1, 2, 2, 1])
  let inputs = [try TestTensor(zeros: .float32, c.input)]
  try expectOnly(supported, for: make(c.options()), inputs, sourceLocation: sourceLocation)
  expectOperandCounts(
    try make(c.options()), inputs, outputs: [(.float32, .none)], sourceLocation: sourceLocation)
  expectRejection(
    .malformed, of: try make(c.options()), inputs, outputs: [(.int8, .usual(for: .int8))],
    sourceLocation: sourceLocation)
  for activation: Int8 in [-1, 4, 5, 6] {
    expectRejection(
      of: try make(c.options(activation: activation)), inputs, outputs: [(.float32, .none)],
      "activation \(activation)", sourceLocation: sourceLocation)
  }
  for padding: Int8 in [-1, 2] {
    expectRejection(
      .malformed, of: try make(.table([0: .int8(padding), 1: .int32(1), 2: .int32(1), 3: .int32(1), 4: .int32(1)])),
      inputs, outputs: [(.float32, .none)], "padding \(padding)", sourceLocation: sourceLocation)
  }
  // The largest windows: padding surrounds the image by far.
  let huge = PoolingCase(
    input: [1, 2, 2, 1], filter: [Int(Int32.max), Int(Int32.max)], stride: [Int(Int32.max), Int(Int32.max)])
  let result = try run(make(huge.options()), inputs, outputs: [(.float32, .none)], sourceLocation: sourceLocation)
  #expect(result[0].type.shape.dimensions == [1, 1, 1, 1], sourceLocation: sourceLocation)
}
