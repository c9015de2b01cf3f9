internal import Glibc
internal import TensorTypes

/// Turns box encodings (input 0) relative to anchors (input 2) into corners, in scratch 0.
struct DetectionDecoder: Sendable {
  let boxes: Int
  /// Elements of one encoding, of which the first four are read.
  let step: Int
  let isQuantized: Bool
  /// How `uint8` encodings and anchors stand for numbers.
  let encodings: AffineParameters?
  let anchors: AffineParameters?
  let scale: (y: Double, x: Double, height: Double, width: Double)

  /// - Throws: `invalidValue` for a box of negative size.
  func run(_ io: Operands) throws(OperatorError) {
    var isValid = true
    for box in 0..<boxes {
      let code = quadruple(io, 0, at: box * step, encodings)
      let anchor = quadruple(io, 2, at: 4 * box, anchors)
      let y = Float(Double(code[0]) / scale.y * Double(anchor[2]) + Double(anchor[0]))
      let x = Float(Double(code[1]) / scale.x * Double(anchor[3]) + Double(anchor[1]))
      let halfHeight = Float(0.5 * exp(Double(code[2]) / scale.height) * Double(anchor[2]))
      let halfWidth = Float(0.5 * exp(Double(code[3]) / scale.width) * Double(anchor[3]))
      var corners = io.scratch(0, as: Float.self, in: 4 * box..<4 * box + 4)
      corners[0] = y - halfHeight
      corners[1] = x - halfWidth
      corners[2] = y + halfHeight
      corners[3] = x + halfWidth
      if corners[0] > corners[2] || corners[1] > corners[3] { isValid = false }
    }
    guard isValid else { throw .invalidValue("a box has a negative size") }
  }

  @inline(__always)
  private func quadruple(_ io: Operands, _ input: Int, at start: Int, _ parameters: AffineParameters?) -> SIMD4<Float> {
    guard isQuantized, let parameters else {
      let values = io.input(input, as: Float.self, in: start..<start + 4)
      return SIMD4(values[0], values[1], values[2], values[3])
    }
    let values = io.input(input, as: UInt8.self, in: start..<start + 4)
    let integers = SIMD4(Float(values[0]), Float(values[1]), Float(values[2]), Float(values[3]))
    return (integers - Float(parameters.zeroPoint)) * parameters.scale
  }
}
