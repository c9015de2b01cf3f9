internal import TensorTypes

/// What the accelerator takes of one operator: a row of the table that ``CapabilityTable`` is.
struct OperatorRule: Sendable {
  let builtin: BuiltinOperator
  /// What the operator becomes on the accelerator.
  let lowering: String
  /// Datatypes of the first input and the ranks that each may have.
  let data: [RankedTypes]
  /// Everything else, all of which must hold.
  let checks: [Check]
  /// Whether the compiler reads the operator's options: without an options table the whole model fails then.
  let needsOptions: Bool
  /// Which float types also run on generations without float arithmetic, because nothing is computed.
  let floatAnywhere: Datatypes

  init(
    _ builtin: BuiltinOperator, _ lowering: String, _ data: [RankedTypes], _ checks: [Check] = [],
    needsOptions: Bool = false, floatAnywhere: Datatypes = []
  ) {
    self.builtin = builtin
    self.lowering = lowering
    self.data = data
    self.checks = checks
    self.needsOptions = needsOptions
    self.floatAnywhere = floatAnywhere
  }

  /// The same row for other datatypes.
  func with(data: [RankedTypes]) -> OperatorRule {
    OperatorRule(builtin, lowering, data, checks, needsOptions: needsOptions, floatAnywhere: floatAnywhere)
  }
}

/// Datatypes with the ranks they may have.
struct RankedTypes: Sendable {
  let types: Datatypes
  let ranks: ClosedRange<Int>

  init(_ types: Datatypes, _ ranks: ClosedRange<Int>) {
    self.types = types
    self.ranks = ranks
  }

  /// Ranks from 1 (a scalar counts as 1) to `maximum`.
  static func upTo(_ maximum: Int, _ types: Datatypes) -> RankedTypes { RankedTypes(types, 1...maximum) }
  static func only(_ rank: Int, _ types: Datatypes) -> RankedTypes { RankedTypes(types, rank...rank) }
}

/// One thing that must hold of an operator. Operands are named by their position.
enum Check: Sendable {
  /// How many inputs are given.
  case inputs(ClosedRange<Int>)
  /// An input's datatype.
  case input(Int, Datatypes)
  /// Inputs of the same datatype as the first.
  case sameInputs
  /// All outputs have the datatype of this input.
  case outputLike(Int)
  /// This input has the datatype of the first.
  case sameInput(Int)
  /// Both branches of a selection have the same datatype.
  case sameBranches
  /// Inputs and outputs of eight bits or less mix; other datatypes are the same everywhere.
  case storedAlike
  /// The outputs' datatypes.
  case output(Datatypes)
  /// Ranks of an input.
  case rank(Int, ClosedRange<Int>)
  case outputRank(ClosedRange<Int>)
  /// An input is a constant of one of these datatypes.
  case constant(Int, Datatypes)
  /// An input is a constant of one element of one of these datatypes.
  case constantScalar(Int, Datatypes)
  /// No input or output is quantised per channel.
  case perTensor
  /// Operator versions.
  case versions(ClosedRange<Int>)
  /// Ranks of all operands.
  case operandRanks(ClosedRange<Int>)
  /// An input's datatype, where it is given.
  case optionalInput(Int, Datatypes)
  /// The datatypes of all inputs.
  case allInputs(Datatypes)
  /// An option of one byte, such as an activation, has one of these values.
  case activation(slot: Int, allowed: Set<Int>)
  /// An integer option is in a range.
  case integer(slot: Int, range: ClosedRange<Int>, default: Int, name: String)
  /// The activation in this options slot.
  case fusedActivation(slot: Int)
  /// Flags of the options that must not all be set.
  case flagsNotBoth(slots: [Int], name: String)
  /// An integer option must have this value.
  case option(slot: Int, equals: Int, name: String)
  /// The type combinations of a product with weights, and the rules for its bias.
  case weights(WeightRules)
  /// Pairs of datatypes of the first two inputs that go together.
  case secondInput([DatatypePair])
  /// Pairs of datatypes of the first input and the output that go together.
  case conversion([DatatypePair])
  /// Datatypes of inputs that are put together along a new axis; one input, and scalars, are lowered like other operators.
  case packing([RankedTypes], one: BuiltinOperator, scalars: BuiltinOperator)
  /// How the output's dimensions follow from the inputs'.
  case shape(ShapeRule)
}

/// Datatypes of an input and of the output or the second input that go together.
struct DatatypePair: Sendable {
  let first: Datatypes
  let second: Datatypes
  /// The oldest architecture that has it.
  let minimum: Architecture
  /// Whether it needs float arithmetic although the row's operator runs without.
  let needsFloat: Bool

  init(
    _ first: Datatypes, _ second: Datatypes, from minimum: Architecture = .v65, needsFloat: Bool = false
  ) {
    self.first = first
    self.second = second
    self.minimum = minimum
    self.needsFloat = needsFloat
  }
}
