internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// Functions of one `float32` element that take no parameters.
enum UnaryFunction {
  case abs, negate, square, squareRoot, floor, ceil, roundToEven, hardSwish, sigmoid
}

/// The input and output of an operator that works element by element.
struct ElementwiseOperands {
  let name: String
  let source: OperatorPlan.Source
  let input: TensorType
  let output: TensorType
  let outputTensor: TensorID
  let count: Int

  init(_ node: DelegateNode) throws(Refusal) {
    let operands = NodeOperands(node: node)
    input = try operands.input(0).type
    let output = try operands.output()
    count = input.shape.elementCount
    guard output.type.shape.elementCount == count else {
      throw Refusal("input \(input) and output \(output.type) have different sizes")
    }
    name = node.name
    source = try operands.source(0)
    self.output = output.type
    outputTensor = output.tensor
  }

  func plan(
    packing: OperatorKey? = nil, create: @escaping (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status,
    setUp: @escaping (xnn_operator_t, OperatorPlan.Addresses) -> xnn_status
  ) -> OperatorPlan {
    unsafe OperatorPlan(
      name: name, inputs: [source], output: outputTensor, action: .run(create: create, setUp: setUp),
      packing: packing)
  }

  typealias SetUp<Input, Output> = (
    xnn_operator_t?, Int, UnsafePointer<Input>?, UnsafeMutablePointer<Output>?, pthreadpool_t?
  ) -> xnn_status

  /// A plan whose setup function takes a batch size, input and output.
  func plan<Input, Output>(
    _ setUp: @escaping SetUp<Input, Output>, create: @escaping (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status
  ) -> OperatorPlan {
    unsafe plan(
      create: create,
      setUp: { handle, at in
        unsafe setUp(
          handle, 1, at.inputs[0].assumingMemoryBound(to: Input.self), at.output.assumingMemoryBound(to: Output.self),
          at.threadPool)
      })
  }

  /// Checks that input and output are `element`.
  func require(_ element: ElementType) throws(Refusal) {
    guard input.element == element, output.element == element else {
      throw Refusal("\(input.element) input and \(output.element) output have no kernel; \(element) has")
    }
  }
}

extension Lowering {
  /// `ABS`, `NEG`, `SQUARE`, `SQRT`, `FLOOR`, `CEIL`, `ROUND`, `HARD_SWISH`, `LOGISTIC` of `float32`; `HARD_SWISH` also of `float16`.
  static func plan(_ function: UnaryFunction, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = try ElementwiseOperands(node)
    let count = operands.count
    if function == .hardSwish, operands.input.element == .float16 {
      return unsafe try operands.half(xnn_setup_hardswish_nc_f16) {
        unsafe xnn_create_hardswish_nc_f16(count, count, count, 0, $0)
      }
    }
    try operands.require(.float32)
    switch function {
    case .abs:
      return unsafe operands.plan(xnn_setup_abs_nc_f32) { unsafe xnn_create_abs_nc_f32(count, count, count, 0, $0) }
    case .negate:
      return unsafe operands.plan(xnn_setup_negate_nc_f32) {
        unsafe xnn_create_negate_nc_f32(count, count, count, 0, $0)
      }
    case .square:
      return unsafe operands.plan(xnn_setup_square_nc_f32) {
        unsafe xnn_create_square_nc_f32(count, count, count, 0, $0)
      }
    case .squareRoot:
      return unsafe operands.plan(xnn_setup_square_root_nc_f32) {
        unsafe xnn_create_square_root_nc_f32(count, count, count, 0, $0)
      }
    case .floor:
      return unsafe operands.plan(xnn_setup_floor_nc_f32) { unsafe xnn_create_floor_nc_f32(count, count, count, 0, $0) }
    case .ceil:
      return unsafe operands.plan(xnn_setup_ceiling_nc_f32) {
        unsafe xnn_create_ceiling_nc_f32(count, count, count, 0, $0)
      }
    case .roundToEven:
      return unsafe operands.plan(xnn_setup_bankers_rounding_nc_f32) {
        unsafe xnn_create_bankers_rounding_nc_f32(count, count, count, 0, $0)
      }
    case .hardSwish:
      return unsafe operands.plan(xnn_setup_hardswish_nc_f32) {
        unsafe xnn_create_hardswish_nc_f32(count, count, count, 0, $0)
      }
    case .sigmoid:
      return unsafe operands.plan(xnn_setup_sigmoid_nc_f32) {
        unsafe xnn_create_sigmoid_nc_f32(count, count, count, 0, $0)
      }
    }
  }
}
