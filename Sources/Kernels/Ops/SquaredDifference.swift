public import TensorTypes

/// `SQUARED_DIFFERENCE`: `(a - b)^2`, element by element, broadcast against each other.
///
/// `float32`, `int32` (wrapping) and, with one scale and zero point each, `int8`.
public struct SquaredDifference: Operator {
  public static let definition = OperatorDefinition(.squaredDifference, versions: 1...2, options: 76)

  public init(options: OperatorOptions) {}

  public var sharing: OperandSharing { .inPlace([0, 1]) }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    [try node.binaryBroadcast().shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let broadcast = try node.binaryBroadcast()
    switch try node.input(0).element {
    case .float32: return FloatArithmetic.squaredDifference.kernel(broadcast)
    case .int32: return IntegerFunction().kernel(broadcast)
    case .int8:
      let function = try QuantizedFunction(node)
      return function.kernel(broadcast, function.quantization, to: Int8.self)
    case let other: throw .unsupported("\(other) inputs; float32, int32 and int8 are supported")
    }
  }

  private struct IntegerFunction: BinaryElementFunction {
    @inline(__always) func apply(_ a: Int32, _ b: Int32) -> Int32 { (a &- b) &* (a &- b) }
  }

  /// Both inputs at twice the larger scale, with seven more bits.
  private struct QuantizedFunction: BinaryElementFunction {
    private final class Tables: Sendable {
      let left: InlineArray<256, Int32>
      let right: InlineArray<256, Int32>

      init(_ left: AffineParameters, _ right: AffineParameters, _ common: Double) {
        func table(_ parameters: AffineParameters) -> InlineArray<256, Int32> {
          let multiplier = QuantizedMultiplier(Double(parameters.scale) / common)
          return InlineArray { index in
            multiplier.apply((Int32(Int8(truncatingIfNeeded: index)) &- parameters.zeroPoint) &<< 7)
          }
        }
        self.left = table(left)
        self.right = table(right)
      }
    }

    private let tables: Tables
    let quantization: OutputQuantization

    init(_ node: NodeContext) throws(OperatorError) {
      let left = try node.affineInput(0)
      let right = try node.affineInput(1)
      let output = try node.affineOutput()
      let common = Double(2 * max(left.scale, right.scale))
      tables = Tables(left, right, common)
      quantization = OutputQuantization(
        multiplier: QuantizedMultiplier(common * common / Double(16384 * output.scale)), zeroPoint: output.zeroPoint,
        low: -128, high: 127)
    }

    @inline(__always) func apply(_ a: Int8, _ b: Int8) -> Int32 {
      let difference =
        tables.left[Int(UInt8(bitPattern: a))] &- tables.right[Int(UInt8(bitPattern: b))]
      return difference &* difference
    }
  }
}
