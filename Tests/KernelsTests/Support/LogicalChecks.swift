import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What the logical operators with two broadcast inputs have in common.
struct LogicalChecks {
  let operation: any Operator
  let holds: @Sendable (Bool, Bool) -> Bool

  /// Every pair of shapes, with bytes of which every one but 0 is true.
  func broadcasts(sourceLocation: SourceLocation = #_sourceLocation) throws {
    var generator = SeededGenerator(seed: 22)
    for (shapeA, shapeB) in Sizes.broadcasts(.bool) {
      func tensor(_ shape: [Int]) throws -> TestTensor {
        let bytes = generator.integers(shape.reduce(1, *), in: UInt8(0)...4).map {
          [0, 1, 0, 2, 255][Int($0)] as UInt8
        }
        return try TestTensor(bytes, shape, element: .bool)
      }
      try expectBroadcast(operation, try tensor(shapeA), try tensor(shapeB), sourceLocation: sourceLocation) {
        holds($0 != 0, $1 != 0) ? 1 : 0
      }
    }
  }

  func refusesOtherOperands(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try expectElementwiseRejections(operation, supported: [.bool], inputs: 2, sourceLocation: sourceLocation)
  }
}
