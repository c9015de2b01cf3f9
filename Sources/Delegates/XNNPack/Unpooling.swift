internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

extension Lowering {
  /// `MaxUnpooling2D` with places of `float32`, which count inside of windows that neither overlap nor leave gaps. Places outside of their
  /// window, which the library would write to, are an error when the operator runs.
  static func plan(_ operation: MaxUnpooling2D, _ node: DelegateNode) throws(Refusal) -> OperatorPlan {
    let operands = NodeOperands(node: node)
    let input = try operands.input(0).type
    let places = try operands.input(1).type
    let output = try operands.output()
    guard input.element == .float32, output.type.element == .float32, places.element == .float32,
      places.shape == input.shape
    else {
      throw Refusal("input \(input) with places \(places) has no kernel in this library; with places of float32 it has")
    }
    let windows = try AdjoiningWindows(operation.options, image: output.type.shape, pooled: input.shape)
    guard output.type.shape[1] == input.shape[1] * windows.height,
      output.type.shape[2] == input.shape[2] * windows.width
    else { throw Refusal("windows do not lead from \(input) to \(output.type)") }
    let (batch, height, width, channels) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3])
    let count = input.shape.elementCount
    let elements = Float(windows.height * windows.width)
    let (rows, columns) = (UInt32(windows.height), UInt32(windows.width))
    let integers = PlaceBuffer(count: count)
    return unsafe OperatorPlan(
      name: node.name, inputs: [try operands.source(0), try operands.source(1)], output: output.tensor,
      action: .run(
        create: { handle in
          unsafe xnn_create_unpooling2d_nhwc_x32(
            0, 0, 0, 0, UInt32(windows.height), UInt32(windows.width), channels, channels, channels, 0, handle)
        },
        setUp: { handle, at in
          unsafe xnn_setup_unpooling2d_nhwc_x32(
            handle, batch, height, width, at.inputs[0], integers.allocated(), at.output, at.threadPool)
        },
        before: { at in
          let target = unsafe integers.allocated()
          for index in 0..<count {
            let place = unsafe at.inputs[1].load(fromByteOffset: 4 * index, as: Float.self)
            guard place > -1, place < elements else {
              return
                "place \(place) is outside of a window of \(Int(elements)) elements, which this library cannot write"
            }
            // The library counts places down the columns.
            let own = UInt32(place)
            unsafe target[index] = own % columns * rows + own / columns
          }
          return nil
        }))
  }
}

/// Places as the library reads them. Allocated when an operator is first given addresses.
@safe private final class PlaceBuffer {
  private let count: Int
  private var start: UnsafeMutablePointer<UInt32>?

  init(count: Int) { self.count = count }

  deinit { unsafe start?.deallocate() }

  func allocated() -> UnsafeMutablePointer<UInt32> {
    if let start = unsafe start { return unsafe start }
    let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: count + XNNPackLibrary.extraBytes / 4)
    unsafe memory.initialize(repeating: 0, count: count + XNNPackLibrary.extraBytes / 4)
    unsafe start = memory
    return unsafe memory
  }
}
