package import TensorTypes

/// One elementwise operator of a fused step, applied to `float32` elements in the order in which they lie in memory.
package struct ElementwiseStage: Sendable {
  enum Action: Sendable {
    case function(FloatFunction)
    case arithmetic(FloatArithmetic, clamp: ClosedRange<Float>)
  }

  let action: Action
  /// What a profile calls the operator.
  package let name: String
  /// The fused step's input that is the other operand; nil for functions of one operand.
  package let operand: Int?
  private let operandIsLeft: Bool
  /// Elements of the other operand, which repeat.
  private let period: Int

  /// The stage for an operator on `float32` elements; nil where there is none, or the operands do not meet in a way that stages support: the
  /// operand that goes through must have the output's elements in the same order, the other one be a repeated trailing part of them.
  ///
  /// - Parameters:
  ///   - through: the operand whose elements go through; 0 or 1.
  ///   - operand: the fused step's input that is the other operand.
  package init?(_ operation: any Operator, through: Int, inputs: [TensorType?], output: TensorType, operand: Int) {
    guard output.element == .float32, output.shape.elementCount > 0, inputs.indices.contains(through),
      let own = inputs[through], own.element == .float32, own.shape.elementCount == output.shape.elementCount
    else { return nil }
    let arithmetic: (FloatArithmetic, String, FusedActivation)?
    switch operation {
    case let add as Add: arithmetic = (.add, "ADD", add.activation)
    case let sub as Sub: arithmetic = (.subtract, "SUB", sub.activation)
    case let mul as Mul: arithmetic = (.multiply, "MUL", mul.activation)
    case let div as Div: arithmetic = (.divide, "DIV", div.activation)
    case is SquaredDifference: arithmetic = (.squaredDifference, "SQUARED_DIFFERENCE", .none)
    default: arithmetic = nil
    }
    guard let (function, name, activation) = arithmetic else {
      guard inputs.count == 1 else { return nil }
      switch operation {
      case let gelu as Gelu: (action, self.name) = (.function(gelu.isApproximate ? .approximateGELU : .gelu), "GELU")
      case is HardSwish: (action, self.name) = (.function(.hardSwish), "HARD_SWISH")
      case is Logistic: (action, self.name) = (.function(.logistic), "LOGISTIC")
      case is Tanh: (action, self.name) = (.function(.tanh), "TANH")
      case is Elu: (action, self.name) = (.function(.exponentialLinear), "ELU")
      case is Exp: (action, self.name) = (.function(.exponential), "EXP")
      default: return nil
      }
      self.operand = nil
      operandIsLeft = false
      period = 1
      return
    }
    guard inputs.count == 2, through == 0 || through == 1, let other = inputs[1 - through], other.element == .float32,
      let clamp = try? activation.finiteRange(Float.self), let period = Self.period(of: other.shape, in: output.shape)
    else { return nil }
    action = .arithmetic(function, clamp: clamp)
    self.name = name
    self.operand = operand
    operandIsLeft = through == 1
    self.period = period
  }

  private init(action: Action, name: String, operand: Int?, operandIsLeft: Bool, period: Int) {
    self.action = action
    self.name = name
    self.operand = operand
    self.operandIsLeft = operandIsLeft
    self.period = period
  }

  /// `x / (1 + e^-x)`.
  package static let silu = ElementwiseStage(
    action: .function(.silu), name: "SILU", operand: nil, operandIsLeft: false, period: 1)

  /// The same stage where the fused step's inputs are numbered otherwise.
  package func with(operand: Int) -> ElementwiseStage {
    ElementwiseStage(action: action, name: name, operand: operand, operandIsLeft: operandIsLeft, period: period)
  }

  /// How many elements of an operand repeat along a result that it is broadcast to; nil unless it is a trailing part of the result.
  private static func period(of operand: Shape, in result: Shape) -> Int? {
    guard operand.rank <= result.rank else { return operand.elementCount == 1 ? 1 : nil }
    var isTrailing = true
    for distance in 1..<operand.rank + 1 {
      let size = operand[operand.rank - distance]
      if size == result[result.rank - distance] {
        guard isTrailing || size == 1 else { return nil }
      } else {
        guard size == 1 else { return nil }
        isTrailing = false
      }
    }
    return operand.elementCount
  }

  /// Computes elements `start..<start + count` of the stage's result.
  ///
  /// Safety: `x` and `y` have `count` elements each, and may be the same; the other operand has the bytes of its shape.
  @unsafe func apply(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ io: Operands, start: Int, count: Int
  ) {
    switch action {
    case .function(let function):
      unsafe function.map?(x, y, count)
    case .arithmetic(let function, let clamp):
      guard let operand, let other = unsafe io.inputBytes(operand).bindMemory(to: Float.self).baseAddress,
        let combine = unsafe function.combine
      else { return }
      var done = 0
      var offset = period == 1 ? 0 : start % period
      while done < count {
        let run = period == 1 ? count : min(period - offset, count - done)
        if operandIsLeft {
          unsafe combine(
            other + offset, period == 1, x + done, false, y + done, run, clamp.lowerBound, clamp.upperBound)
        } else {
          unsafe combine(
            x + done, false, other + offset, period == 1, y + done, run, clamp.lowerBound, clamp.upperBound)
        }
        done += run
        offset = 0
      }
    }
  }
}

/// The stages that follow a product, applied to elements that it has just written.
struct Epilogue: Sendable {
  let stages: [ElementwiseStage]

  /// Applies all stages to elements `start..<start + count` of output 0.
  ///
  /// Safety: output 0 has them, and nothing else writes them meanwhile.
  @unsafe func apply(_ io: Operands, start: Int, count: Int) {
    guard let y = unsafe io.outputBytes(0).bindMemory(to: Float.self).baseAddress else { return }
    unsafe apply(y + start, io, start: start, count: count)
  }

  /// Applies all stages to `count` elements, of which the first is number `start` of the whole result.
  ///
  /// Safety: `y` has them, and nothing else writes them meanwhile.
  @unsafe func apply(_ y: UnsafeMutablePointer<Float>, _ io: Operands, start: Int, count: Int) {
    for stage in stages { unsafe stage.apply(y, y, io, start: start, count: count) }
  }

  /// Applies all stages to a block of output 0 seen as a matrix with rows of `pitch` elements.
  ///
  /// Safety: as for ``apply(_:start:count:)``.
  @unsafe func apply(_ io: Operands, rows: Range<Int>, pitch: Int, columns: Range<Int>) {
    if columns.count == pitch {
      // A few rows at a time stay in the nearest cache from one stage to the next.
      let step = max(1, Self.block / max(pitch, 1))
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
        unsafe apply(io, start: first * pitch, count: min(step, rows.upperBound - first) * pitch)
      }
      return
    }
    for row in rows { unsafe apply(io, start: row * pitch + columns.lowerBound, count: columns.count) }
  }

  /// Elements that stay in the nearest cache from one stage to the next.
  static let block = 2048
}
