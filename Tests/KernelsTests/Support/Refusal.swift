import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Expects that an operator refuses its operands with a typed error.
func expectRefusal(
  _ operation: any Operator, _ inputs: [TestTensor?], outputs: [(ElementType, Quantization)],
  bodies: [[OperatorDefinition.Identity]] = [], sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(throws: OperatorError.self, sourceLocation: sourceLocation) {
    try run(operation, inputs, outputs: outputs, bodies: bodies, sourceLocation: sourceLocation)
  }
}
