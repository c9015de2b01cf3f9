internal import COperatorInterface
internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// An operator of a shared library with the options of one node.
@safe final class LibraryOperator: Operator, @unchecked Sendable {
  /// An operator of a library, without options.
  @safe struct Kind: @unchecked Sendable {
    let name: String
    let functions: tflite_operator
    /// Keeps the functions where they are.
    let file: LibraryFile
  }

  /// Stands for all of them; each has its own definition in the operator table.
  static let definition = OperatorDefinition(custom: "operator of a shared library")

  let kind: Kind
  let instance: UnsafeMutableRawPointer?

  init(_ kind: Kind, options: OperatorOptions) throws(OperatorError) {
    self.kind = kind
    guard let create = unsafe kind.functions.create else {
      unsafe instance = nil
      return
    }
    var made: UnsafeMutableRawPointer?
    let call = unsafe LibraryCall { error in
      let bytes = options.custom
      return withExtendedLifetime(bytes) {
        unsafe create(bytes.map { unsafe UnsafeRawPointer($0.baseAddress) }, bytes?.count ?? 0, &made, error)
      }
    }
    unsafe instance = call.isSuccess ? made : nil
    guard call.isSuccess else {
      isCreated = false
      throw call.error(in: kind.file.name, function: "create", isRunning: false)
    }
  }

  private var isCreated = true

  required init(options: OperatorOptions) throws(OperatorError) {
    throw .unsupported("operators of a shared library are made by it")
  }

  deinit {
    if isCreated, unsafe kind.functions.create != nil { unsafe kind.functions.destroy?(instance) }
  }

  var sharing: OperandSharing { unsafe kind.functions.flags & UInt32(TFLITE_IN_PLACE) != 0 ? .inPlace([0]) : .separate }
  var isPure: Bool { unsafe kind.functions.flags & UInt32(TFLITE_HAS_SIDE_EFFECTS) == 0 }

  func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    guard let infer = unsafe kind.functions.infer else { return [] }
    let description = try NodeDescription(node)
    var shapes = [tflite_shape](repeating: tflite_shape(), count: max(node.outputs.count, 1))
    unsafe try call("infer", node, description) { error in
      for index in shapes.indices {
        shapes[index] = tflite_shape()
        shapes[index].rank = -1
      }
      return unsafe infer(instance, description.node, &shapes, error)
    }
    var result: [Shape] = []
    for index in node.outputs.indices {
      result.append(try NodeDescription.shape(shapes[index], of: index, library: kind.file.name))
    }
    return result
  }

  func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let description = try NodeDescription(node)
    var preparation = unsafe tflite_preparation()
    if let prepare = unsafe kind.functions.prepare {
      unsafe try call("prepare", node, description) { error in
        unsafe preparation = unsafe tflite_preparation()
        return unsafe prepare(instance, description.node, &preparation, error)
      }
    }
    let kernel = unsafe LibraryKernel(self, description, state: preparation.state)
    let scratch = unsafe try scratchSizes(preparation)
    return Kernel(scratch: scratch) { io throws(OperatorError) in try kernel.invoke(io, scratchCount: scratch.count) }
  }

  /// Calls a function until it has the values that it asks for.
  private func call(
    _ function: String, _ node: NodeContext, _ description: NodeDescription,
    _ body: (UnsafeMutablePointer<tflite_error>) -> tflite_status
  ) throws(OperatorError) {
    while true {
      let call = unsafe LibraryCall(body)
      if call.isSuccess { return }
      guard call.status == TFLITE_NEEDS_VALUE else {
        throw call.error(in: kind.file.name, function: function, isRunning: false)
      }
      try description.provide(call.input, from: node, library: kind.file.name)
    }
  }

  /// The largest scratch buffer that a plan can be asked for; what fits into memory is the planner's matter.
  private static let maximumScratch = 1 << 40

  private func scratchSizes(_ preparation: tflite_preparation) throws(OperatorError) -> [Int] {
    let count = unsafe preparation.scratch_count
    guard (0...Int(TFLITE_MAXIMUM_SCRATCH_BUFFERS)).contains(count) else {
      throw .malformed("\(kind.file.name): prepare asks for \(UInt(bitPattern: count)) scratch buffers")
    }
    var sizes: [Int] = []
    unsafe withUnsafeBytes(of: preparation.scratch_sizes) { bytes in
      for index in 0..<count {
        sizes.append(unsafe bytes.load(fromByteOffset: index * MemoryLayout<Int>.stride, as: Int.self))
      }
    }
    for size in sizes where !(0...Self.maximumScratch).contains(size) {
      throw .malformed("\(kind.file.name): prepare asks for \(UInt(bitPattern: size)) bytes of scratch memory")
    }
    return sizes
  }
}
