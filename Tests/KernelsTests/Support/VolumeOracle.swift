import KernelTestSupport
import Kernels

/// Convolutions of volumes from the definition, in double precision.
struct VolumeOracle {
  /// `[batch, depth, height, width, channels]`.
  var input: [Int]
  /// `[depth, height, width, input channels, output channels]`.
  var filter: [Int]
  var stride = [1, 1, 1]
  var dilation = [1, 1, 1]
  var same = true

  private func window(_ axis: Int) -> Int { (filter[axis] - 1) * dilation[axis] + 1 }

  func output(_ axis: Int) -> Int {
    let size = input[axis + 1]
    return same ? (size + stride[axis] - 1) / stride[axis] : (size - window(axis)) / stride[axis] + 1
  }

  private func padding(_ axis: Int) -> Int {
    max(0, (output(axis) - 1) * stride[axis] + window(axis) - input[axis + 1]) / 2
  }

  /// The convolution's shape.
  var shape: [Int] { [input[0], output(0), output(1), output(2), filter[4]] }

  /// Calls `body` for every product: places in the input, the filter's taps (without channels) and the output position.
  private func forEachTap(_ body: (_ input: [Int], _ tap: [Int], _ output: [Int]) -> Void) {
    for position in Grid<Int>.coordinates(Array(shape.dropLast())) {
      for tap in Grid<Int>.coordinates(Array(filter.prefix(3))) {
        let place = (0..<3).map { position[$0 + 1] * stride[$0] - padding($0) + tap[$0] * dilation[$0] }
        guard (0..<3).allSatisfy({ place[$0] >= 0 && place[$0] < input[$0 + 1] }) else { continue }
        body([position[0]] + place, tap, position)
      }
    }
  }

  private func offset(_ coordinates: [Int], in dimensions: [Int]) -> Int {
    zip(coordinates, dimensions).reduce(0) { $0 * $1.1 + $1.0 }
  }

  /// Calls `body` for every product: places of the input's element, the filter's and the output's.
  private func forEachProduct(_ body: (_ x: Int, _ w: Int, _ y: Int) -> Void) {
    forEachTap { place, tap, position in
      let x = offset(place + [0], in: input)
      let w = offset(tap + [0, 0], in: filter)
      let y = offset(position + [0], in: shape)
      for i in 0..<filter[3] {
        for o in 0..<filter[4] { body(x + i, w + i * filter[4] + o, y + o) }
      }
    }
  }

  func convolve(_ x: [Float], _ w: [Float]) -> [Double] {
    var y = [Double](repeating: 0, count: shape.reduce(1, *))
    forEachProduct { y[$2] += Double(x[$0]) * Double(w[$1]) }
    return y
  }

  /// The transpose: from `shape` back to `input`; the same filters.
  func transpose(_ y: [Float], _ w: [Float]) -> [Double] {
    var x = [Double](repeating: 0, count: input.reduce(1, *))
    forEachProduct { x[$0] += Double(y[$2]) * Double(w[$1]) }
    return x
  }

  static let cases: [VolumeOracle] = [
    VolumeOracle(input: [1, 1, 1, 1, 1], filter: [1, 1, 1, 1, 1]),
    VolumeOracle(input: [2, 3, 4, 5, 3], filter: [1, 1, 1, 3, 5]),
    VolumeOracle(input: [2, 4, 5, 6, 3], filter: [3, 3, 3, 3, 4]),
    VolumeOracle(input: [1, 4, 5, 6, 2], filter: [2, 3, 2, 2, 7], same: false),
    VolumeOracle(input: [1, 7, 6, 9, 3], filter: [3, 2, 3, 3, 2], stride: [2, 3, 2]),
    VolumeOracle(input: [1, 7, 6, 9, 3], filter: [3, 2, 3, 3, 2], stride: [3, 1, 2], same: false),
    VolumeOracle(input: [1, 7, 8, 9, 2], filter: [3, 2, 3, 2, 3], dilation: [2, 3, 2]),
    VolumeOracle(input: [2, 7, 8, 9, 1], filter: [3, 2, 3, 1, 33], dilation: [1, 2, 3], same: false),
    VolumeOracle(input: [1, 2, 2, 2, 17], filter: [5, 5, 5, 17, 9]),
    VolumeOracle(input: [1, 3, 3, 40, 4], filter: [1, 1, 3, 4, 32], stride: [2, 2, 1]),
    VolumeOracle(input: [1, 5, 6, 7, 3], filter: [2, 2, 2, 3, 4], stride: [2, 2, 2], dilation: [2, 1, 2]),
  ]

  /// The options of either operator.
  func options(activation: Int8 = 0) throws -> OperatorOptions {
    try .table([
      0: .int8(same ? 0 : 1), 1: .int32(Int32(stride[0])), 2: .int32(Int32(stride[2])), 3: .int32(Int32(stride[1])),
      4: .int8(activation), 5: .int32(Int32(dilation[0])), 6: .int32(Int32(dilation[2])), 7: .int32(Int32(dilation[1])),
    ])
  }
}
