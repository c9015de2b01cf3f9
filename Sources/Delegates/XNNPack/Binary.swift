internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// The operators that combine two tensors element by element, broadcast against each other.
enum BinaryFunction {
  case add, subtract, multiply, divide, maximum, minimum, squaredDifference
}

extension Lowering {
  /// `ADD`, `SUB`, `MUL` (`float32`, `int8`, `uint8`; `float16` but for `SUB`, where the processor has it) and `DIV`, `MAXIMUM`, `MINIMUM`, `SQUARED_DIFFERENCE` (`float32`), of rank up to 6.
  static func plan(
    _ function: BinaryFunction, activation: FusedActivation, _ node: DelegateNode
  ) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let first = try operands.input(0).type
    let second = try operands.input(1).type
    let output = try operands.output()
    guard first.element == second.element, first.element == output.type.element else {
      throw Refusal("inputs \(first) and \(second) and output \(output.type) have different element types")
    }
    let rank = max(first.shape.rank, second.shape.rank)
    guard rank <= XNNPackLibrary.maximumRank else {
      throw Refusal("rank \(rank); \(XNNPackLibrary.maximumRank) is the largest that is taken")
    }
    guard let shape = first.shape.broadcast(with: second.shape), shape.elementCount == output.type.shape.elementCount
    else { throw Refusal("inputs \(first) and \(second) do not broadcast to output \(output.type)") }
    let sources = [try operands.source(0), try operands.source(1)]
    let shapes = BinaryShapes(
      first: padded(first.shape, rank), second: padded(second.shape, rank))

    func plan(
      create: @escaping (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status,
      setUp: @escaping (xnn_operator_t, OperatorPlan.Addresses) -> xnn_status
    ) -> OperatorPlan {
      unsafe OperatorPlan(
        name: node.name, inputs: sources, output: output.tensor, action: .run(create: create, setUp: setUp))
    }

    switch first.element {
    case .float32:
      let range = try TensorQuantization.range(activation)
      let (low, high) = (range.lowerBound, range.upperBound)
      return unsafe plan(
        create: { handle in
          switch function {
          case .add: unsafe xnn_create_add_nd_f32(low, high, 0, handle)
          case .subtract: unsafe xnn_create_subtract_nd_f32(low, high, 0, handle)
          case .multiply: unsafe xnn_create_multiply_nd_f32(low, high, 0, handle)
          case .divide: unsafe xnn_create_divide_nd_f32(low, high, 0, handle)
          case .maximum: unsafe xnn_create_maximum_nd_f32(0, handle)
          case .minimum: unsafe xnn_create_minimum_nd_f32(0, handle)
          case .squaredDifference: unsafe xnn_create_squared_difference_nd_f32(0, handle)
          }
        },
        setUp: { handle, at in
          let setUp =
            switch function {
            case .add: unsafe xnn_setup_add_nd_f32
            case .subtract: unsafe xnn_setup_subtract_nd_f32
            case .multiply: unsafe xnn_setup_multiply_nd_f32
            case .divide: unsafe xnn_setup_divide_nd_f32
            case .maximum: unsafe xnn_setup_maximum_nd_f32
            case .minimum: unsafe xnn_setup_minimum_nd_f32
            case .squaredDifference: unsafe xnn_setup_squared_difference_nd_f32
            }
          return unsafe setUp(
            handle, rank, shapes.first, rank, shapes.second, at.inputs[0].assumingMemoryBound(to: Float.self),
            at.inputs[1].assumingMemoryBound(to: Float.self), at.output.assumingMemoryBound(to: Float.self),
            at.threadPool)
        })
    case .float16:
      guard function == .add || function == .multiply else {
        throw Refusal("float16 operands have no kernel in this library but for ADD and MUL")
      }
      guard XNNPackLibrary.hasHalf else { throw Refusal("float16 has no kernels for this processor in this library") }
      let range = try TensorQuantization.range(activation)
      let (low, high) = (max(range.lowerBound, -65504), min(range.upperBound, 65504))
      let isUnbounded = range == -Float.infinity...Float.infinity
      return unsafe plan(
        create: { handle in
          let create = function == .add ? unsafe xnn_create_add_nd_f16 : unsafe xnn_create_multiply_nd_f16
          return unsafe create(
            isUnbounded ? -Float.infinity : low, isUnbounded || high == 65504 ? Float.infinity : high, 0, handle)
        },
        setUp: { handle, at in
          let setUp = function == .add ? unsafe xnn_setup_add_nd_f16 : unsafe xnn_setup_multiply_nd_f16
          return unsafe setUp(
            handle, rank, shapes.first, rank, shapes.second, at.inputs[0], at.inputs[1], at.output, at.threadPool)
        })
    case .int8, .uint8:
      let scales = try QuantizedBinary(function, first, second, output.type, activation)
      let (a, b, y, range) = (scales.first, scales.second, scales.output, scales.range)
      if first.element == .int8 {
        let (low, high) = (Int8(range.lowerBound), Int8(range.upperBound))
        return unsafe plan(
          create: { handle in
            let create =
              switch function {
              case .add: unsafe xnn_create_add_nd_qs8
              case .subtract: unsafe xnn_create_subtract_nd_qs8
              default: unsafe xnn_create_multiply_nd_qs8
              }
            return unsafe create(
              a.int8ZeroPoint, a.scale, b.int8ZeroPoint, b.scale, y.int8ZeroPoint, y.scale, low, high, 0, handle)
          },
          setUp: { handle, at in
            let setUp =
              switch function {
              case .add: unsafe xnn_setup_add_nd_qs8
              case .subtract: unsafe xnn_setup_subtract_nd_qs8
              default: unsafe xnn_setup_multiply_nd_qs8
              }
            return unsafe setUp(
              handle, rank, shapes.first, rank, shapes.second, at.inputs[0].assumingMemoryBound(to: Int8.self),
              at.inputs[1].assumingMemoryBound(to: Int8.self), at.output.assumingMemoryBound(to: Int8.self),
              at.threadPool)
          })
      }
      let (low, high) = (UInt8(range.lowerBound), UInt8(range.upperBound))
      return unsafe plan(
        create: { handle in
          let create =
            switch function {
            case .add: unsafe xnn_create_add_nd_qu8
            case .subtract: unsafe xnn_create_subtract_nd_qu8
            default: unsafe xnn_create_multiply_nd_qu8
            }
          return unsafe create(
            a.uint8ZeroPoint, a.scale, b.uint8ZeroPoint, b.scale, y.uint8ZeroPoint, y.scale, low, high, 0, handle)
        },
        setUp: { handle, at in
          let setUp =
            switch function {
            case .add: unsafe xnn_setup_add_nd_qu8
            case .subtract: unsafe xnn_setup_subtract_nd_qu8
            default: unsafe xnn_setup_multiply_nd_qu8
            }
          return unsafe setUp(
            handle, rank, shapes.first, rank, shapes.second, at.inputs[0].assumingMemoryBound(to: UInt8.self),
            at.inputs[1].assumingMemoryBound(to: UInt8.self), at.output.assumingMemoryBound(to: UInt8.self),
            at.threadPool)
        })
    default: throw Refusal("\(first.element) operands have no kernel; float32, int8 and uint8 have")
    }
  }

  /// The dimensions with as many ones in front as make `rank`.
  private static func padded(_ shape: Shape, _ rank: Int) -> [Int] {
    [Int](repeating: 1, count: rank - shape.rank) + shape.dimensions
  }
}

/// The dimensions of both operands, equally many.
private struct BinaryShapes {
  let first: [Int]
  let second: [Int]
}

/// The quantisation of a binary operator, checked against what the library takes.
private struct QuantizedBinary {
  let first: TensorQuantization
  let second: TensorQuantization
  let output: TensorQuantization
  let range: ClosedRange<Int>

  init(
    _ function: BinaryFunction, _ first: TensorType, _ second: TensorType, _ output: TensorType,
    _ activation: FusedActivation
  ) throws(Refusal) {
    self.first = try TensorQuantization(first, "input 0")
    self.second = try TensorQuantization(second, "input 1")
    self.output = try TensorQuantization(output, "the output")
    range = try TensorQuantization.range(activation, output)
    switch function {
    case .add, .subtract:
      for (number, input) in [self.first, self.second].enumerated() {
        try TensorQuantization.check(
          ratio: input.scale / self.output.scale, in: 0x1p-10..<256, "the scale of input \(number) / the output's")
      }
    case .multiply:
      try TensorQuantization.check(
        ratio: self.first.scale * self.second.scale / self.output.scale, in: 0x1p-16..<256,
        "the product of the inputs' scales / the output's")
    default: throw Refusal("\(first.element) operands have no kernel; float32 have")
    }
  }
}
