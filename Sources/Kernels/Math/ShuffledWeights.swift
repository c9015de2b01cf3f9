internal import FlatBuffers
internal import TensorTypes

/// The `SHUFFLED4x16INT8` format of `FULLY_CONNECTED` weights: tiles of 4 units by 16 elements of the depth, with the sign bits flipped, and an extra
/// output that holds the activations in the order in which they are read.
enum ShuffledWeights {
  /// Checks operands; the rows of activations must be 1 or 4.
  static func check(_ node: NodeContext) throws(OperatorError) {
    try node.expect(inputs: 2...3, outputs: 2)
    let (input, weights, output) = (try node.input(0), try node.input(1), try node.output(0))
    guard input.element == .uint8, weights.element == .uint8, output.element == .int16 else {
      throw .unsupported(
        "\(input.element) input, \(weights.element) shuffled weights and \(output.element) output; uint8, uint8 and int16 are supported"
      )
    }
    guard try node.output(1).element == .uint8 else { throw .malformed("the workspace must be uint8") }
    guard weights.shape.rank == 2, weights.shape[0] % 4 == 0, weights.shape[1] % 16 == 0, weights.shape[1] > 0 else {
      throw .malformed("shuffled weights of shape \(weights.shape) are not tiles of 4 by 16")
    }
    let rows = input.shape.elementCount / weights.shape[1]
    guard rows == 1 || rows == 4 else { throw .unsupported("shuffled weights with \(rows) rows; 1 or 4 are supported") }
    guard node.constant(1) != nil else { throw .unsupported("shuffled weights that are not constant") }
  }

  /// The weights in row-major order, as the unsigned values that they were.
  static func plain(_ node: NodeContext) throws(OperatorError) -> SharedBytes {
    let shape = try node.input(1).shape
    guard let constant = node.constant(1), constant.bytes.count >= shape.elementCount else {
      throw .malformed("the weights are cut off")
    }
    let (units, depth) = (shape[0], shape[1])
    let source = constant.bytes
    return try node.packed("plain", of: [1]) { () throws(OperatorError) -> SharedBytes in
      try unsafe SharedBytes.make(
        count: units * depth, failure: { _ in OperatorError.outOfMemory(bytes: units * depth) }
      ) { target throws(OperatorError) in
        let bytes = source.span
        var position = 0
        for unit in stride(from: 0, to: units, by: 4) {
          for start in stride(from: 0, to: depth, by: 16) {
            for row in unit..<unit + 4 {
              for column in start..<start + 16 {
                let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt8.self)
                unsafe target[row * depth + column] = value ^ 0x80
                position += 1
              }
            }
          }
        }
      }
    }
  }

  /// Writes the activations as LiteRT's kernel leaves them in output 1.
  static func writeWorkspace(_ io: Operands, rows: Int, depth: Int) {
    let input = io.input(0, as: UInt8.self)
    var workspace = io.output(1, as: UInt8.self)
    guard workspace.count >= rows * depth, input.count >= rows * depth else { return }
    var position = 0
    let width = rows == 1 ? depth : 16
    for start in stride(from: 0, to: depth, by: width) {
      for row in 0..<rows {
        for column in start..<start + width {
          workspace[position] = input[row * depth + column] ^ 0x80
          position += 1
        }
      }
    }
  }
}
