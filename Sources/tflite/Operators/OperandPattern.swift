internal import TensorTypes

/// Operands that operators are asked about: a number of inputs with shapes and small constant values. No pattern belongs to an operator; all of
/// them are tried on every operator, so one is added here only when a new operator takes operands of a form that is not in the list.
struct OperandPattern {
  enum Element {
    /// The element type that is probed.
    case data
    /// What goes with data as weights: 8-bit ones with 16-bit data.
    case weights
    /// What goes with data and weights as bias.
    case bias
    case fixed(ElementType)
  }

  struct Input {
    let element: Element
    let dimensions: [Int]
    /// The value of a constant, one number for each element, or a single one for all.
    let values: [Int]?
    var isVariable = false
  }

  /// nil for optional inputs that are left out.
  let inputs: [Input?]
  let outputs: Int
  /// The outputs' shape as the model declares it.
  let declared: [Int]

  /// The first input that has the element type that is probed; nil where it is the output's.
  var dataInput: Int? { inputs.firstIndex { if case .data? = $0?.element { true } else { false } } }
  var hasWeights: Bool { inputs.contains { if case .weights? = $0?.element { true } else { false } } }

  init(_ inputs: [Input?], outputs: Int = 1, declared: [Int] = []) {
    self.inputs = inputs
    self.outputs = outputs
    self.declared = declared
  }

  private static func data(_ dimensions: Int..., values: [Int]? = nil) -> Input {
    Input(element: .data, dimensions: dimensions, values: values)
  }
  private static func weights(_ dimensions: Int...) -> Input {
    Input(element: .weights, dimensions: dimensions, values: [1])
  }
  private static func bias(_ dimension: Int) -> Input { Input(element: .bias, dimensions: [dimension], values: [1]) }
  private static func integers(_ dimensions: Int..., values: [Int]) -> Input {
    Input(element: .fixed(.int32), dimensions: dimensions, values: values)
  }
  private static func scalar(_ value: Int) -> Input { integers(values: [value]) }
  private static func vector(_ values: Int...) -> Input {
    Input(element: .fixed(.int32), dimensions: [values.count], values: values)
  }
  private static func fixed(_ element: ElementType, _ dimensions: Int...) -> Input {
    Input(element: .fixed(element), dimensions: dimensions, values: nil)
  }

  private static func state(_ dimensions: Int..., as element: ElementType? = nil) -> Input {
    Input(element: element.map { .fixed($0) } ?? .data, dimensions: dimensions, values: nil, isVariable: true)
  }

  /// Every pattern.
  static let all: [OperandPattern] = elementwise + axes + indices + layers + sequences + resources + forms

  private static let image = data(1, 4, 4, 4)
  private static let matrix = data(4, 4)

  private static let elementwise = [
    OperandPattern([image]), OperandPattern([data(1, 1, 1, 1)]), OperandPattern([matrix]), OperandPattern([data(4)]),
    OperandPattern([data(4)], outputs: 2),
    OperandPattern([data(2, values: [2, 2])]), OperandPattern([image, image]), OperandPattern([matrix, matrix]),
    OperandPattern([matrix, data(4)]), OperandPattern([image, image, image]),
    OperandPattern([fixed(.bool, 1, 4, 4, 4), image, image]), OperandPattern([fixed(.bool, 4), data(4), data(4)]),
    OperandPattern([data(2, values: [2, 2]), data(2, values: [2, 2])]),
    OperandPattern([data(values: [0]), data(values: [3]), data(values: [1])]), OperandPattern([]),
  ]

  /// Axes, shapes, paddings and other small integers beside the data.
  private static let axes = [
    OperandPattern([image, scalar(0)]), OperandPattern([image, vector(1)]), OperandPattern([image, vector(1, 2)]),
    OperandPattern([image, vector(8, 8)]), OperandPattern([image, vector(0, 1, 2, 3)]),
    OperandPattern([image, vector(1, 4, 4, 4)]), OperandPattern([matrix, vector(4, 4)]),
    OperandPattern([matrix, scalar(2)], outputs: 2), OperandPattern([matrix, scalar(2)]),
    OperandPattern([image, integers(4, 2, values: [0])]),
    OperandPattern([image, integers(4, 2, values: [0]), data(values: [0])]),
    OperandPattern([image, vector(1, 1), integers(2, 2, values: [0])]), OperandPattern([scalar(0), image]),
    OperandPattern([image, vector(1), scalar(0)]), OperandPattern([image, vector(0, 0, 0, 0), vector(1, 4, 4, 4)]),
    OperandPattern([image, vector(0, 0, 0, 0), vector(1, 4, 4, 4), vector(1, 1, 1, 1)]),
    OperandPattern([vector(2, 2), data()]),
  ]

  private static let indices = [
    OperandPattern([matrix, vector(0, 1)]), OperandPattern([matrix, vector(0, 0, 1, 1)]),
    OperandPattern([matrix, integers(2, 1, values: [0])]), OperandPattern([matrix, data(2, 2), vector(0, 0)]),
    OperandPattern([fixed(.int32, 2), matrix]), OperandPattern([fixed(.int32, 2), scalar(3), data(), data()]),
    OperandPattern([integers(2, 1, values: [0, 1]), data(2, 4), vector(4, 4)]),
    OperandPattern([integers(2, 1, values: [0, 1]), vector(4), data(2), data()]),
    OperandPattern([fixed(.int32, 2), fixed(.int32, 4), matrix], outputs: 2),
    OperandPattern([
      fixed(.int32, 2), integers(2, 1, values: [0, 1]), vector(2), fixed(.float32, 2), matrix,
    ]),
    OperandPattern([matrix, data(4), scalar(2), data(values: [1]), data(values: [0])], outputs: 2),
    OperandPattern([matrix, data(4), scalar(2), data(values: [1]), data(values: [0]), data(values: [0])], outputs: 3),
    OperandPattern([fixed(.float32, 1, 4), matrix, fixed(.float32, 4)]),
    OperandPattern([fixed(.float32, 1, 4), matrix]),
  ]

  /// Operators with weights.
  private static let layers = [
    OperandPattern([image, weights(4, 3, 3, 4), bias(4)]), OperandPattern([image, weights(4, 3, 3, 4)]),
    OperandPattern([image, weights(1, 3, 3, 4), bias(4)]), OperandPattern([image, weights(1, 3, 3, 4)]),
    OperandPattern([data(1, 4), weights(4, 4), bias(4)]), OperandPattern([data(1, 4), weights(4, 4)]),
    OperandPattern([data(1, 4), weights(4, 4), nil]), OperandPattern([image, weights(1, 1, 4)]),
    OperandPattern([vector(1, 6, 6, 4), weights(4, 3, 3, 4), image]),
    OperandPattern([vector(1, 8, 8, 4), weights(4, 3, 3, 4), image]),
    OperandPattern([vector(1, 6, 6, 4), weights(4, 3, 3, 4), image, bias(4)]),
    OperandPattern([data(1, 4, 4, 4, 4), weights(3, 3, 3, 4, 4), bias(4)]),
    OperandPattern([data(1, 4, 4, 4, 4), weights(3, 3, 3, 4, 4)]),
    OperandPattern([vector(1, 6, 6, 6, 4), weights(3, 3, 3, 4, 4), data(1, 4, 4, 4, 4)]),
  ]

  private static func gates(_ weights: Input? = weights(4, 4)) -> [Input?] { [Input?](repeating: weights, count: 8) }
  private static let biases = [Input?](repeating: bias(4), count: 4)
  private static func none(_ count: Int) -> [Input?] { [Input?](repeating: nil, count: count) }

  /// Recurrent operators.
  private static let sequences = [
    OperandPattern([data(1, 4), weights(4, 4), weights(4, 4), bias(4), state(1, 4)]),
    OperandPattern([data(1, 2, 4), weights(4, 4), weights(4, 4), bias(4), state(1, 4)]),
    OperandPattern([data(1, 4), weights(4, 4), weights(4, 2), bias(4), state(1, 8)]),
    OperandPattern([data(1, 4), weights(4, 4), fixed(.int16, 4, 2), bias(4), state(1, 8, as: .int16)]),
    OperandPattern([data(1, 4)] + gates() + none(3) + biases + none(2) + [state(1, 4), state(1, 4)]),
    OperandPattern([data(1, 2, 4)] + gates() + none(3) + biases + none(2) + [state(1, 4), state(1, 4)] + none(4)),
    OperandPattern([data(1, 4)] + gates() + none(3) + biases + none(2) + [state(1, 4), state(1, 4, as: .int16)]),
    OperandPattern(
      [data(1, 2, 4)] + gates() + none(3) + biases + none(2) + [state(1, 4), state(1, 4, as: .int16)] + none(4)),
    OperandPattern([data(1, 4), data(1, 4), weights(16, 8), bias(16), state(1, 4)], outputs: 4),
    OperandPattern(
      [data(1, 2, 4), weights(4, 4), weights(4, 4), bias(4), state(1, 4), weights(4, 4), weights(4, 4), bias(4)]
        + [state(1, 4)] + none(3), outputs: 2),
    OperandPattern(
      [data(1, 2, 4)] + gates() + none(3) + biases + none(2) + gates() + none(3) + biases + none(2)
        + [state(1, 4), state(1, 4), state(1, 4), state(1, 4)] + none(9), outputs: 2),
  ]

  private static let handle = fixed(.resource, 1)

  /// Variables, tables and subgraphs.
  private static let resources = [
    OperandPattern([handle], declared: [4]), OperandPattern([handle, data(4)], outputs: 0), OperandPattern([handle]),
    OperandPattern([handle, data(2), fixed(.int64, 2)], outputs: 0),
    OperandPattern([handle, data(2), fixed(.string, 2)], outputs: 0),
    OperandPattern([handle, data(2), fixed(.int64, 1)]), OperandPattern([handle, data(2), fixed(.string, 1)]),
    OperandPattern([fixed(.bool), data(4)]), OperandPattern([fixed(.int32), data(4)]),
  ]

  /// What a few operators want.
  private static let forms = [
    OperandPattern([data(4, values: [1])], outputs: 2), OperandPattern([data(1, values: [1])]),
    OperandPattern([data(2)], outputs: 2), OperandPattern([data(4), data(1)]),
    OperandPattern([data(4, 4), integers(2, values: [1]), data()]),
    OperandPattern([data(4), data()] + [Input?](repeating: longs(1), count: 3)),
    OperandPattern([data(4, 4), fixed(.int32, 2, 1), data(2, 4)]),
    OperandPattern([image, fixed(.float32, 1, 4, 4, 4)]), OperandPattern([image], outputs: 2),
    OperandPattern([data(1, 4, 4), scalar(800)]),
    OperandPattern([data(1, 4, 4), data(1, 4, 3), data(4, 4)], outputs: 4),
    OperandPattern([image, data(4, 3, 3, 4), data(4)]),
  ]

  private static func longs(_ values: Int...) -> Input {
    Input(element: .fixed(.int64), dimensions: [values.count], values: values)
  }
}
