import Delegates
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Convolutions on XNNPACK against a slow convolution of real numbers.
@Suite struct ConvolutionTests {
  struct Geometry: Sendable, CustomTestStringConvertible {
    var height = 5
    var width = 7
    var channels = 3
    var outputs = 4
    var kernel = 3
    var stride = 1
    var dilation = 1
    var same = true
    var batch = 1
    var groups = 1
    var activation: FusedActivation = .none

    var testDescription: String {
      "\(batch)x\(height)x\(width)x\(channels)->\(outputs) k\(kernel) s\(stride) d\(dilation) g\(groups) \(same ? "same" : "valid") \(activation)"
    }

    func options(depthwise: Bool) throws -> OperatorOptions {
      let padding = OptionsField.int8(same ? 0 : 1)
      let steps = OptionsField.int32(Int32(stride))
      let dilations = OptionsField.int32(Int32(dilation))
      return try .table(
        depthwise
          ? [
            0: padding, 1: steps, 2: steps, 3: .int32(Int32(outputs / channels)), 4: .int8(activation.rawValue),
            5: dilations, 6: dilations,
          ] : [0: padding, 1: steps, 2: steps, 3: .int8(activation.rawValue), 4: dilations, 5: dilations])
    }

    func output(_ input: Int) -> (count: Int, before: Int) {
      let extent = (kernel - 1) * dilation + 1
      if !same { return ((input - extent) / stride + 1, 0) }
      let count = (input + stride - 1) / stride
      return (count, max(0, (count - 1) * stride + extent - input) / 2)
    }

    /// - Parameter filter: the weight of output channel, row, column, input channel of the group.
    func convolve(_ image: [Double], _ bias: [Double]?, filter: (Int, Int, Int, Int) -> Double) -> [Double] {
      let (rows, top) = output(height)
      let (columns, left) = output(width)
      let depth = channels / groups
      let range = (try? activation.floatRange()) ?? 0...0
      var result: [Double] = []
      for n in 0..<batch {
        for y in 0..<rows {
          for x in 0..<columns {
            for o in 0..<outputs {
              var sum = bias?[o] ?? 0
              for ky in 0..<kernel {
                for kx in 0..<kernel {
                  let iy = y * stride - top + ky * dilation
                  let ix = x * stride - left + kx * dilation
                  guard iy >= 0, iy < height, ix >= 0, ix < width else { continue }
                  for c in 0..<depth {
                    let channel = o / (outputs / groups) * depth + c
                    sum += image[((n * height + iy) * width + ix) * channels + channel] * filter(o, ky, kx, c)
                  }
                }
              }
              result.append(min(max(sum, Double(range.lowerBound)), Double(range.upperBound)))
            }
          }
        }
      }
      return result
    }
  }

  static let standard: [Geometry] = [
    Geometry(), Geometry(same: false), Geometry(stride: 2), Geometry(kernel: 1, stride: 3), Geometry(dilation: 2),
    Geometry(channels: 17, outputs: 33, kernel: 1, batch: 2, activation: .relu),
    Geometry(channels: 8, outputs: 12, groups: 2, activation: .relu6),
    Geometry(height: 9, width: 9, kernel: 5, stride: 2, same: false, batch: 2, activation: .reluN1To1),
  ]

  static let depthwise: [Geometry] = [
    Geometry(channels: 4), Geometry(channels: 17, outputs: 17, stride: 2, activation: .relu6),
    Geometry(channels: 3, outputs: 6, same: false), Geometry(channels: 5, outputs: 5, kernel: 5, batch: 2),
    Geometry(channels: 4, kernel: 2, same: false), Geometry(height: 9, width: 9, channels: 4, kernel: 7),
    Geometry(channels: 4, dilation: 2), Geometry(channels: 4, kernel: 1),
  ]

  /// The types of real numbers that products are computed in here.
  static let realTypes: [ElementType] = XNNPackDelegate.hasFloat16 ? [.float32, .float16] : [.float32]

  /// Sums of `float16` are rounded after each of up to 75 terms, before they are clamped.
  @Test(arguments: standard, realTypes) func real(geometry g: Geometry, element: ElementType) throws {
    let input = try TestTensor.random([g.batch, g.height, g.width, g.channels], of: element, seed: 1)
    let depth = g.channels / g.groups
    let filter = try TestTensor.random([g.outputs, g.kernel, g.kernel, depth], of: element, seed: 2).constant
    let bias = try TestTensor.random([g.outputs], of: element, seed: 3).constant
    let node = try TestNode(Conv2D(options: g.options(depthwise: false)), [input, filter, bias], output: element)
    let weights = filter.reals
    try node.expect(
      g.convolve(input.reals, bias.reals) { weights[(($0 * g.kernel + $1) * g.kernel + $2) * depth + $3] },
      halfTolerance: 0x1p-7)
  }

  @Test(arguments: standard, [false, true]) func int8(geometry g: Geometry, perChannel: Bool) throws {
    let input = try TestTensor.randomInt8(
      [g.batch, g.height, g.width, g.channels], seed: 1, .perTensor(scale: 0.02, zeroPoint: -5))
    let depth = g.channels / g.groups
    let scales = (0..<g.outputs).map { perChannel ? 0.005 + 0.001 * Float($0 % 7) : 0.01 }
    let filter = try TestTensor.randomInt8(
      [g.outputs, g.kernel, g.kernel, depth], seed: 2,
      .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0)
    ).constant
    var generator = SeededGenerator(seed: 4)
    let biases: [Int32] = generator.integers(g.outputs, in: -500...500)
    let bias = try TestTensor(
      biases, quantization: .perChannel(scales: scales.map { $0 * 0.02 }, zeroPoints: scales.map { _ in 0 }, axis: 0)
    ).constant
    let node = try TestNode(
      Conv2D(options: g.options(depthwise: false)), [input, filter, bias], output: .int8,
      .perTensor(scale: 0.06, zeroPoint: 3))
    let weights = filter.reals
    try node.expect(
      g.convolve(input.reals, bias.reals) { weights[(($0 * g.kernel + $1) * g.kernel + $2) * depth + $3] })
  }

  @Test(arguments: standard) func uint8(geometry g: Geometry) throws {
    guard g.groups == 1 else { return }
    let input = try TestTensor.randomUInt8(
      [g.batch, g.height, g.width, g.channels], seed: 1, .perTensor(scale: 0.02, zeroPoint: 120))
    let filter = try TestTensor.randomUInt8(
      [g.outputs, g.kernel, g.kernel, g.channels], seed: 2, .perTensor(scale: 0.01, zeroPoint: 131)
    ).constant
    let node = try TestNode(
      Conv2D(options: g.options(depthwise: false)), [input, filter, nil], output: .uint8,
      .perTensor(scale: 0.06, zeroPoint: 127))
    let weights = filter.reals
    try node.expect(
      g.convolve(input.reals, nil) { weights[(($0 * g.kernel + $1) * g.kernel + $2) * g.channels + $3] })
  }

  @Test(arguments: depthwise, realTypes) func depthwiseReal(geometry: Geometry, element: ElementType) throws {
    var g = geometry
    g.groups = g.channels
    g.outputs = g.outputs % g.channels == 0 ? g.outputs : g.channels
    let outputs = g.outputs
    let input = try TestTensor.random([g.batch, g.height, g.width, g.channels], of: element, seed: 1)
    let filter = try TestTensor.random([1, g.kernel, g.kernel, outputs], of: element, seed: 2).constant
    let bias = try TestTensor.random([outputs], of: element, seed: 3).constant
    let node = try TestNode(
      DepthwiseConv2D(options: g.options(depthwise: true)), [input, filter, bias], output: element)
    let weights = filter.reals
    try node.expect(g.convolve(input.reals, bias.reals) { o, y, x, _ in weights[(y * g.kernel + x) * outputs + o] })
  }

  @Test(arguments: depthwise) func depthwiseInt8(geometry: Geometry) throws {
    var g = geometry
    g.groups = g.channels
    g.outputs = g.outputs % g.channels == 0 ? g.outputs : g.channels
    let outputs = g.outputs
    let input = try TestTensor.randomInt8(
      [g.batch, g.height, g.width, g.channels], seed: 1, .perTensor(scale: 0.02, zeroPoint: 7))
    let scales = (0..<outputs).map { 0.005 + 0.002 * Float($0 % 5) }
    let filter = try TestTensor.randomInt8(
      [1, g.kernel, g.kernel, outputs], seed: 2,
      .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 3)
    ).constant
    let node = try TestNode(
      DepthwiseConv2D(options: g.options(depthwise: true)), [input, filter, nil], output: .int8,
      .perTensor(scale: 0.05, zeroPoint: -1))
    let weights = filter.reals
    try node.expect(g.convolve(input.reals, nil) { o, y, x, _ in weights[(y * g.kernel + x) * outputs + o] })
  }

  @Test(arguments: [false, true], [(2, 3), (3, 3), (1, 2), (3, 2), (2, 4)])
  func transposed(same: Bool, steps: (stride: Int, kernel: Int)) throws {
    for element in Self.realTypes { try transposed(same, steps, element) }
  }

  private func transposed(_ same: Bool, _ steps: (stride: Int, kernel: Int), _ element: ElementType) throws {
    let (stride, kernel) = steps
    let (height, width, channels, outputs) = (4, 5, 3, 6)
    func size(_ input: Int) -> Int { same ? input * stride : (input - 1) * stride + max(kernel, stride) }
    let (rows, columns) = (size(height), size(width))
    let shape = try TestTensor([Int32(2), Int32(rows), Int32(columns), Int32(outputs)]).constant
    let input = try TestTensor.random([2, height, width, channels], of: element, seed: 5)
    let filter = try TestTensor.random([outputs, kernel, kernel, channels], of: element, seed: 6).constant
    let bias = try TestTensor.random([outputs], of: element, seed: 7).constant
    let options = try OperatorOptions.table([
      0: .int8(same ? 0 : 1), 1: .int32(Int32(stride)), 2: .int32(Int32(stride)),
    ])
    let node = try TestNode(TransposeConv(options: options), [shape, filter, input, bias], output: element)
    func before(_ output: Int) -> Int {
      same ? max(0, ((output + stride - 1) / stride - 1) * stride + kernel - output) / 2 : 0
    }
    var expected = (0..<2 * rows * columns * outputs).map { bias.reals[$0 % outputs] }
    let (image, weights) = (input.reals, filter.reals)
    for n in 0..<2 {
      for y in 0..<height {
        for x in 0..<width {
          for ky in 0..<kernel {
            for kx in 0..<kernel {
              let (oy, ox) = (y * stride + ky - before(rows), x * stride + kx - before(columns))
              guard oy >= 0, oy < rows, ox >= 0, ox < columns else { continue }
              for o in 0..<outputs {
                for c in 0..<channels {
                  expected[((n * rows + oy) * columns + ox) * outputs + o] +=
                    image[((n * height + y) * width + x) * channels + c]
                    * weights[((o * kernel + ky) * kernel + kx) * channels + c]
                }
              }
            }
          }
        }
      }
    }
    try node.expect(expected)
  }

  @Test(.enabled(if: XNNPackDelegate.hasFloat16), arguments: [1, 7, 16, 17, 40], [1, 5, 33])
  func halfRows(depth: Int, units: Int) throws {
    let rows = 3
    let x = try TestTensor.random([rows, depth], of: .float16, seed: 1)
    let w = try TestTensor.random([units, depth], of: .float16, seed: 2).constant
    let b = try TestTensor.random([units], of: .float16, seed: 3).constant
    for (bias, activation) in [(b, FusedActivation.none), (nil, .relu)] as [(TestTensor?, FusedActivation)] {
      let (image, weights, sums) = (x.reals, w.reals, bias?.reals)
      let expected = (0..<rows * units).map { index in
        let (row, unit) = (index / units, index % units)
        let sum = (0..<depth).reduce(sums?[unit] ?? 0) { $0 + image[row * depth + $1] * weights[unit * depth + $1] }
        return activation == .relu ? max(sum, 0) : sum
      }
      let options = try OperatorOptions.table([0: .int8(activation.rawValue)])
      try TestNode(Kernels.FullyConnected(options: options), [x, w, bias], output: .float16).expect(expected)
    }
  }

  /// The library rounds every sum to `float16`. The bound is what that may cost after `depth` additions.
  @Test(.enabled(if: XNNPackDelegate.hasFloat16)) func longHalfSums() throws {
    let depth = 1024
    let x = try TestTensor.random([2, depth], of: .float16, seed: 4)
    let w = try TestTensor.random([3, depth], of: .float16, seed: 5).constant
    let actual = try TestNode(Kernels.FullyConnected(options: .defaults), [x, w, nil], output: .float16)
      .run(threads: 1).reals
    for row in 0..<2 {
      for unit in 0..<3 {
        var (sum, largest) = (0.0, 0.0)
        for k in 0..<depth {
          sum += x.reals[row * depth + k] * w.reals[unit * depth + k]
          largest = max(largest, abs(sum))
        }
        #expect(abs(actual[row * 3 + unit] - sum) <= largest * Double(depth) * 0x1p-11)
      }
    }
  }

  @Test(.enabled(if: XNNPackDelegate.hasFloat16)) func halfRefusals() throws {
    let conv = try Conv2D(options: Geometry().options(depthwise: false))
    let input = try TestTensor.random([1, 5, 7, 3], of: .float16, seed: 1)
    let filter = try TestTensor.random([4, 3, 3, 3], of: .float16, seed: 2)
    #expect(try TestNode(conv, [input, filter, nil], output: .float16).refusal == "the filter must be constant")
    let floats = try TestTensor.random([1, 5, 7, 3], seed: 1)
    #expect(
      try TestNode(conv, [floats, filter.constant, nil], output: .float32).refusal
        == "float32 activations with float16 filters have no kernel; both of one type have")
    // What is no product of the library's is none of a model's either.
    let bias = try TestTensor.random([4], seed: 3).constant
    #expect(throws: OperatorError.self) { try TestNode(conv, [input, filter.constant, bias], output: .float16) }
    #expect(throws: OperatorError.self) { try TestNode(conv, [input, filter.constant, nil], output: .float32) }
  }

  @Test func refusals() throws {
    let g = Geometry()
    let input = try TestTensor.random([1, 5, 7, 3], seed: 1)
    let filter = try TestTensor.random([4, 3, 3, 3], seed: 2)
    let conv = try Conv2D(options: g.options(depthwise: false))
    #expect(try TestNode(conv, [input, filter, nil], output: .float32).refusal == "the filter must be constant")
    let small = try TestTensor.randomInt8([4, 3, 3, 3], seed: 2, .perTensor(scale: 0.1, zeroPoint: 0)).constant
    #expect(try TestNode(conv, [input, small, nil], output: .float32).refusal?.contains("dynamic range") == true)
    let int8 = try TestTensor.randomInt8([1, 5, 7, 3], seed: 1, .perTensor(scale: 1e9, zeroPoint: 0))
    let refusal = try TestNode(conv, [int8, small, nil], output: .int8, .perTensor(scale: 1, zeroPoint: 0)).refusal
    #expect(refusal?.contains("factor") == true)
    let empty = try TestTensor([Float](), [0, 5, 7, 3])
    let node = try TestNode(conv, [empty, filter.constant, nil], output: .float32)
    #expect(node.refusal?.contains("no elements") == true)
  }
}
