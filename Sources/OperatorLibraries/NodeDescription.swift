internal import COperatorInterface
internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// A node as libraries see it.
@safe final class NodeDescription: @unchecked Sendable {
  static let maximumRank = Int(TFLITE_MAXIMUM_RANK)

  let node: UnsafeMutablePointer<tflite_node>
  private let tensors: UnsafeMutablePointer<tflite_tensor>
  private let scales: UnsafeMutablePointer<Float>
  private let zeroPoints: UnsafeMutablePointer<Int64>
  private let count: Int
  /// Keeps the values that tensors point to.
  private var values: [Int: SharedBytes] = [:]

  /// - Throws: `unsupported` for operands that the interface has no form for.
  init(_ context: NodeContext) throws(OperatorError) {
    let types = context.inputs + context.outputs.map(Optional.some)
    var described: [tflite_tensor] = unsafe []
    var scales: [Float] = []
    var zeroPoints: [Int64] = []
    var starts: [Int] = []
    for (index, type) in types.enumerated() {
      starts.append(scales.count)
      guard let type else {
        unsafe described.append(tflite_tensor())
        continue
      }
      let isInput = index < context.inputs.count
      let what = isInput ? "input \(index)" : "output \(index - context.inputs.count)"
      unsafe described.append(try Self.tensor(type, what))
      switch type.quantization {
      case .none: break
      case .perTensor(let scale, let zeroPoint):
        scales.append(scale)
        zeroPoints.append(Int64(zeroPoint))
      case .perChannel(let values, let points, _):
        scales += values
        zeroPoints += values.indices.map { $0 < points.count ? Int64(points[$0]) : 0 }
      case .blockwise: throw .unsupported("\(what) is quantised in blocks, which operators of libraries cannot take")
      }
    }
    starts.append(scales.count)
    count = unsafe described.count
    unsafe self.scales = .allocate(capacity: max(scales.count, 1))
    unsafe self.zeroPoints = .allocate(capacity: max(scales.count, 1))
    unsafe tensors = .allocate(capacity: max(count, 1))
    unsafe node = .allocate(capacity: 1)
    for (index, scale) in scales.enumerated() {
      unsafe (self.scales + index).initialize(to: scale)
      unsafe (self.zeroPoints + index).initialize(to: zeroPoints[index])
    }
    for index in unsafe described.indices {
      unsafe (tensors + index).initialize(to: described[index])
      let entries = starts[index + 1] - starts[index]
      guard entries > 0 else { continue }
      unsafe tensors[index].quantization_count = entries
      unsafe tensors[index].scales = UnsafePointer(self.scales + starts[index])
      unsafe tensors[index].zero_points = UnsafePointer(self.zeroPoints + starts[index])
      if case .perChannel(_, _, let axis)? = types[index]?.quantization {
        unsafe tensors[index].quantized_dimension = Int32(clamping: axis)
      }
    }
    unsafe node.initialize(
      to: tflite_node(
        input_count: context.inputs.count, inputs: UnsafePointer(tensors), output_count: context.outputs.count,
        outputs: UnsafePointer(tensors + context.inputs.count), threads: Int32(clamping: context.threads)))
    for index in context.inputs.indices {
      if let constant = context.constant(index) { set(constant.bytes, for: index) }
    }
  }

  deinit {
    unsafe scales.deallocate()
    unsafe zeroPoints.deallocate()
    unsafe tensors.deallocate()
    unsafe node.deallocate()
  }

  /// Gives the value of an input that the library asked for.
  ///
  /// - Throws: `needsValue` when it is not known yet.
  func provide(_ index: Int, from context: NodeContext, library: String) throws(OperatorError) {
    guard index >= 0, context.hasInput(index), values[index] == nil else {
      throw .malformed("\(library): asks for the value of input \(index), which it has or which is not there")
    }
    set(try context.bytes(index), for: index)
  }

  private func set(_ bytes: SharedBytes, for index: Int) {
    values[index] = bytes
    unsafe tensors[index].data = UnsafeRawPointer(bytes.baseAddress)
    unsafe tensors[index].size = bytes.count
  }

  private static func tensor(_ type: TensorType, _ what: String) throws(OperatorError) -> tflite_tensor {
    switch type.element {
    case .string, .resource, .variant:
      throw .unsupported("\(what) is \(type.element), which operators of libraries cannot take")
    default: break
    }
    guard type.shape.rank <= maximumRank else {
      throw .unsupported("\(what) has \(type.shape.rank) dimensions; operators of libraries take \(maximumRank)")
    }
    var tensor = unsafe tflite_tensor()
    unsafe tensor.is_present = 1
    unsafe tensor.element_type = Int32(type.element.rawValue)
    unsafe tensor.shape.rank = Int32(type.shape.rank)
    unsafe withUnsafeMutableBytes(of: &tensor.shape.dimensions) { bytes in
      for (axis, dimension) in type.shape.dimensions.enumerated() {
        unsafe bytes.storeBytes(of: Int64(dimension), toByteOffset: axis * MemoryLayout<Int64>.stride, as: Int64.self)
      }
    }
    return unsafe tensor
  }

  /// The shape that a library answered for an output.
  static func shape(_ stored: tflite_shape, of output: Int, library: String) throws(OperatorError) -> Shape {
    guard (0...maximumRank).contains(Int(stored.rank)) else {
      throw .malformed("\(library): infer answered rank \(stored.rank) for output \(output)")
    }
    var dimensions: [Int] = []
    unsafe withUnsafeBytes(of: stored.dimensions) { bytes in
      for axis in 0..<Int(stored.rank) {
        dimensions.append(
          Int(unsafe bytes.load(fromByteOffset: axis * MemoryLayout<Int64>.stride, as: Int64.self)))
      }
    }
    guard let shape = Shape(dimensions) else {
      throw .malformed("\(library): infer answered the shape \(dimensions) for output \(output)")
    }
    return shape
  }
}
