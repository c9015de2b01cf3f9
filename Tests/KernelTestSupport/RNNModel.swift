import Foundation
import TensorTypes

/// A simple recurrent cell with random weights, and what it computes, slowly and in double precision.
public struct RNNModel {
  public let units: Int
  /// Weights, recurrent weights and bias.
  public let tensors: [TestTensor]
  public let auxiliaryTensor: TestTensor?
  public let activation: Int8
  private let asymmetric: Bool?
  private let weights: [Double]
  private let recurrentWeights: [Double]
  private let auxiliaryWeights: [Double]
  private let bias: [Double]

  /// - Parameters:
  ///   - element: of the weights: `float32`, `int8` or `uint8`.
  ///   - activation: 0 none, 1 ReLU, 2 ReLU from -1 to 1, 3 ReLU up to 6, 4 the hyperbolic tangent, 5 the sign bit.
  public init(
    _ element: ElementType = .float32, asymmetric: Bool = false, inputSize: Int, auxiliarySize: Int = 0, units: Int,
    activation: Int8 = 4, seed: UInt64
  ) throws {
    self.units = units
    self.activation = activation
    self.asymmetric = element == .float32 ? nil : asymmetric
    var generator = SeededGenerator(seed: seed)
    func matrix(_ columns: Int) throws -> (TestTensor, [Double]) {
      let values = generator.floats(units * columns, in: -0.5...0.5)
      guard element != .float32 else {
        return (try TestTensor(values, [units, columns]).constant, values.map(Double.init))
      }
      let quantized = QuantizedWeights<Int8>(values.map(Double.init))
      return (
        try TestTensor(
          quantized.values, [units, columns], element: element,
          quantization: .perTensor(scale: quantized.scale, zeroPoint: 0)
        ).constant, quantized.reals
      )
    }
    let (first, weights) = try matrix(inputSize)
    let (second, recurrentWeights) = try matrix(units)
    let values = generator.floats(units)
    tensors = [first, second, try TestTensor(values).constant]
    self.weights = weights
    self.recurrentWeights = recurrentWeights
    bias = values.map(Double.init)
    if auxiliarySize > 0 {
      let (tensor, reals) = try matrix(auxiliarySize)
      auxiliaryTensor = tensor
      auxiliaryWeights = reals
    } else {
      auxiliaryTensor = nil
      auxiliaryWeights = []
    }
  }

  /// The state variable of a batch, at its start.
  public func state(batches: Int) throws -> TestTensor {
    try TestTensor([Float](repeating: 0, count: batches * units), [batches, units])
  }

  public var start: [Double] { [Double](repeating: 0, count: units) }

  /// One step of one sequence.
  public func step(_ state: inout [Double], _ input: [Float], auxiliary: [Float] = []) {
    func row(_ values: [Double]) -> [Double] {
      asymmetric.map { DynamicRows.quantized(values, asymmetric: $0) } ?? values
    }
    let x = row(input.map(Double.init))
    let a = row(auxiliary.map(Double.init))
    let h = row(state)
    func product(_ weights: [Double], _ row: [Double], _ unit: Int) -> Double {
      row.indices.reduce(0) { $0 + weights[unit * row.count + $1] * row[$1] }
    }
    state = (0..<units).map { unit in
      let sum =
        bias[unit] + product(weights, x, unit) + product(auxiliaryWeights, a, unit)
        + product(recurrentWeights, h, unit)
      switch activation {
      case 1: return max(sum, 0)
      case 2: return min(max(sum, -1), 1)
      case 3: return min(max(sum, 0), 6)
      case 4: return tanh(sum)
      case 5: return sum < 0 ? 1 : 0
      default: return sum
      }
    }
  }
}
