import Delegates
import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Pooling, means, resizing, padding, copies and fully connected layers on XNNPACK against slow loops.
@Suite struct ImageTests {
  struct Pool: Sendable {
    var height = 6
    var width = 7
    var channels = 5
    var filter = 2
    var stride = 2
    var same = true
  }

  static let pools: [Pool] = [
    Pool(), Pool(same: false), Pool(channels: 17, filter: 3, stride: 1), Pool(filter: 3, stride: 2),
    Pool(height: 7, channels: 33, filter: 7, stride: 1, same: false), Pool(height: 12, width: 12, filter: 5, stride: 3),
  ]

  func pool(_ p: Pool, _ values: [Double], batch: Int, _ combine: ([Double]) -> Double) -> [Double] {
    func output(_ input: Int) -> (Int, Int) {
      if !p.same { return ((input - p.filter) / p.stride + 1, 0) }
      let count = (input + p.stride - 1) / p.stride
      return (count, max(0, (count - 1) * p.stride + p.filter - input) / 2)
    }
    let (rows, top) = output(p.height)
    let (columns, left) = output(p.width)
    var result: [Double] = []
    for n in 0..<batch {
      for y in 0..<rows {
        for x in 0..<columns {
          for c in 0..<p.channels {
            var window: [Double] = []
            for iy in y * p.stride - top..<y * p.stride - top + p.filter where iy >= 0 && iy < p.height {
              for ix in x * p.stride - left..<x * p.stride - left + p.filter where ix >= 0 && ix < p.width {
                window.append(values[((n * p.height + iy) * p.width + ix) * p.channels + c])
              }
            }
            result.append(combine(window))
          }
        }
      }
    }
    return result
  }

  @Test(arguments: pools) func pooling(p: Pool) throws {
    let options = try OperatorOptions.table([
      0: .int8(p.same ? 0 : 1), 1: .int32(Int32(p.stride)), 2: .int32(Int32(p.stride)), 3: .int32(Int32(p.filter)),
      4: .int32(Int32(p.filter)),
    ])
    let shape = [2, p.height, p.width, p.channels]
    let x = try TestTensor.random(shape, seed: 1)
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    func largest(_ values: [Double]) -> Double { values.max() ?? 0 }
    try TestNode(AveragePool2D(options: options), [x], output: .float32).expect(pool(p, x.reals, batch: 2, mean))
    try TestNode(MaxPool2D(options: options), [x], output: .float32).expect(pool(p, x.reals, batch: 2, largest))
    let quantization = Quantization.perTensor(scale: 0.1, zeroPoint: 9)
    let q = try TestTensor.randomInt8(shape, seed: 2, quantization)
    try TestNode(MaxPool2D(options: options), [q], output: .int8, quantization)
      .expect(pool(p, q.reals, batch: 2, largest), steps: 0)
    #expect(
      try TestNode(AveragePool2D(options: options), [q], output: .int8, quantization).refusal?
        .contains("int8 average pooling") == true)
    let u = try TestTensor.randomUInt8(shape, seed: 3, quantization)
    try TestNode(MaxPool2D(options: options), [u], output: .uint8, quantization)
      .expect(pool(p, u.reals, batch: 2, largest), steps: 0)
    let average = try TestNode(AveragePool2D(options: options), [u], output: .uint8, quantization)
    if !p.same { try average.expect(pool(p, u.reals, batch: 2, mean)) }
  }

  @Test(arguments: [1, 5, 17, 100]) func mean(channels: Int) throws {
    let axes = try TestTensor([Int32(1), 2]).constant
    let shape = [2, 3, 7, channels]
    func means(_ values: [Double]) -> [Double] {
      (0..<2 * channels).map { index in
        (0..<21).reduce(0.0) { $0 + values[(index / channels * 21 + $1) * channels + index % channels] } / 21
      }
    }
    let x = try TestTensor.random(shape, seed: 1)
    let node = try TestNode(Mean(options: .table([0: .bool(true)])), [x, axes], output: .float32)
    guard channels > 1 else {
      #expect(node.refusal?.contains("last dimension") == true)
      return
    }
    try node.expect(means(x.reals))
    if XNNPackDelegate.hasFloat16 {
      let half = try TestTensor.randomHalf(shape, seed: 4, in: 0.5...1)
      try TestNode(Mean(options: .defaults), [half, axes], output: .float16).expect(means(half.reals))
    }
    let q = try TestTensor.randomInt8(shape, seed: 2, .perTensor(scale: 0.1, zeroPoint: 9))
    try TestNode(Mean(options: .defaults), [q, axes], output: .int8, .perTensor(scale: 0.03, zeroPoint: -4))
      .expect(means(q.reals))
    let u = try TestTensor.randomUInt8(shape, seed: 3, .perTensor(scale: 0.1, zeroPoint: 130))
    try TestNode(Mean(options: .defaults), [u, axes], output: .uint8, .perTensor(scale: 0.03, zeroPoint: 100))
      .expect(means(u.reals))
  }

  @Test(arguments: [(false, false), (true, false), (false, true)]) func resize(corners: Bool, centers: Bool) throws {
    let size = try TestTensor([Int32(7), 4]).constant
    let (height, width, channels, newHeight, newWidth) = (4, 5, 3, 7, 4)
    let options = try OperatorOptions.table([2: .bool(corners), 3: .bool(centers)])
    func oracle(_ values: [Double]) -> [Double] {
      func position(_ index: Int, _ input: Int, _ output: Int) -> Double {
        let scale = corners ? Double(input - 1) / Double(output - 1) : Double(input) / Double(output)
        let place = centers ? (Double(index) + 0.5) * scale - 0.5 : Double(index) * scale
        return min(max(place, 0), Double(input - 1))
      }
      var result: [Double] = []
      for n in 0..<2 {
        for y in 0..<newHeight {
          for x in 0..<newWidth {
            let (fy, fx) = (position(y, height, newHeight), position(x, width, newWidth))
            let (y0, x0) = (Int(fy), Int(fx))
            let (y1, x1) = (min(y0 + 1, height - 1), min(x0 + 1, width - 1))
            let (dy, dx) = (fy - Double(y0), fx - Double(x0))
            for c in 0..<channels {
              func at(_ y: Int, _ x: Int) -> Double { values[((n * height + y) * width + x) * channels + c] }
              let upper = at(y0, x0) * (1 - dx) + at(y0, x1) * dx
              let lower = at(y1, x0) * (1 - dx) + at(y1, x1) * dx
              result.append(upper * (1 - dy) + lower * dy)
            }
          }
        }
      }
      return result
    }
    let x = try TestTensor.random([2, height, width, channels], seed: 1)
    try TestNode(ResizeBilinear(options: options), [x, size], output: .float32).expect(oracle(x.reals))
    if XNNPackDelegate.hasFloat16 {
      let half = try TestTensor.randomHalf([2, height, width, channels], seed: 4)
      try TestNode(ResizeBilinear(options: options), [half, size], output: .float16).expect(oracle(half.reals))
    }
    let quantization = Quantization.perTensor(scale: 0.1, zeroPoint: 9)
    let q = try TestTensor.randomInt8([2, height, width, channels], seed: 2, quantization)
    try TestNode(ResizeBilinear(options: options), [q, size], output: .int8, quantization).expect(oracle(q.reals))
  }

  @Test(arguments: [[0, 0, 1, 2, 0, 3, 0, 0], [1, 0, 0, 0, 0, 0, 2, 1], [0, 0, 0, 0, 0, 0, 0, 0]])
  func pad(paddings: [Int32]) throws {
    let shape = [2, 3, 4, 5]
    let values = try TestTensor(paddings, [4, 2]).constant
    let new = (0..<4).map { shape[$0] + Int(paddings[2 * $0] + paddings[2 * $0 + 1]) }
    func oracle(_ values: [Double], _ fill: Double) -> [Double] {
      (0..<new.reduce(1, *)).map { index in
        var (rest, offset, stride) = (index, 0, 1)
        for axis in (0..<4).reversed() {
          let position = rest % new[axis] - Int(paddings[2 * axis])
          rest /= new[axis]
          guard position >= 0, position < shape[axis] else { return fill }
          offset += position * stride
          stride *= shape[axis]
        }
        return values[offset]
      }
    }
    let x = try TestTensor.random(shape, seed: 1)
    try TestNode(Pad(options: .defaults), [x, values], output: .float32).expect(oracle(x.reals, 0))
    let fill = try TestTensor([Float(2.5)], []).constant
    try TestNode(PadV2(options: .defaults), [x, values, fill], output: .float32).expect(oracle(x.reals, 2.5))
    let quantization = Quantization.perTensor(scale: 0.1, zeroPoint: -9)
    let q = try TestTensor.randomInt8(shape, seed: 2, quantization)
    try TestNode(Pad(options: .defaults), [q, values], output: .int8, quantization).expect(oracle(q.reals, 0), steps: 0)
  }

  @Test func reshape() throws {
    let x = try TestTensor.random([2, 6], seed: 1)
    let shape = try TestTensor([Int32(3), 4]).constant
    try TestNode(Reshape(options: .defaults), [x, shape], output: .float32).expect(x.reals)
  }

  @Test(arguments: [(1, 1, 1), (2, 17, 5), (3, 64, 33)]) func fullyConnected(rows: Int, depth: Int, units: Int) throws {
    func product(_ a: [Double], _ b: [Double], _ bias: [Double]) -> [Double] {
      (0..<rows * units).map { index in
        (0..<depth).reduce(bias[index % units]) { $0 + a[index / units * depth + $1] * b[index % units * depth + $1] }
      }
    }
    let zeros = [Double](repeating: 0, count: units)
    let x = try TestTensor.random([rows, depth], seed: 1)
    let w = try TestTensor.random([units, depth], seed: 2).constant
    let b = try TestTensor.random([units], seed: 3).constant
    try TestNode(Kernels.FullyConnected(options: .defaults), [x, w, b], output: .float32)
      .expect(product(x.reals, w.reals, b.reals))
    let q = try TestTensor.randomInt8([rows, depth], seed: 1, .perTensor(scale: 0.02, zeroPoint: -5))
    let scales = (0..<units).map { 0.01 + 0.001 * Float($0 % 5) }
    let weights: [Quantization] = [
      .perTensor(scale: 0.01, zeroPoint: 0),
      .perChannel(scales: scales, zeroPoints: scales.map { _ in 0 }, axis: 0),
    ]
    for quantization in weights {
      let w = try TestTensor.randomInt8([units, depth], seed: 2, quantization).constant
      try TestNode(
        Kernels.FullyConnected(options: .defaults), [q, w, nil], output: .int8, .perTensor(scale: 0.08, zeroPoint: 1)
      ).expect(product(q.reals, w.reals, zeros))
    }
    let u = try TestTensor.randomUInt8([rows, depth], seed: 1, .perTensor(scale: 0.02, zeroPoint: 120))
    let v = try TestTensor.randomUInt8([units, depth], seed: 2, .perTensor(scale: 0.01, zeroPoint: 140)).constant
    try TestNode(
      Kernels.FullyConnected(options: .defaults), [u, v, nil], output: .uint8, .perTensor(scale: 0.08, zeroPoint: 128)
    ).expect(product(u.reals, v.reals, zeros))
  }
}
