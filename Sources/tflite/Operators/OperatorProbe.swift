internal import Delegates
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// Finds out which element types an operator takes, by asking it: every pattern of operands with every element type, with several options and
/// output types, is inferred and prepared as the runtime would.
struct OperatorProbe {
  let delegates: [any Delegate]
  private let options: [OperatorOptions]
  private let customOptions: [OperatorOptions]

  /// What was found out about an operator.
  struct Result {
    /// The input whose type varies; nil where it is the output's.
    var input: Int? = 0
    var types: Set<ElementType> = []
    /// For each type of data the types of weights that go with it, in operators with weights.
    var weights: [ElementType: Set<ElementType>] = [:]
    /// By the delegates' names.
    var delegated: [String: Set<ElementType>] = [:]
  }

  init(delegates: [any Delegate]) throws {
    self.delegates = delegates
    options = try ProbeOptions.builtin()
    customOptions = try ProbeOptions.custom()
  }

  func callAsFunction(_ registration: OperatorRegistration) -> Result {
    // One result for each input that may be the varying one.
    var results: [Int?: Result] = [:]
    var isCustom = false
    if case .custom = registration.definition.identity { isCustom = true }
    for options in isCustom ? customOptions : options {
      guard let operation = try? registration.make(options) else { continue }
      for pattern in OperandPattern.all where takesCount(operation, pattern) {
        var result = results[pattern.dataInput] ?? Result(input: pattern.dataInput)
        let before = result.types.count
        probe(operation, pattern, Self.commonTypes, &result)
        // What makes handles, and what keeps the state of a generator.
        if pattern.dataInput == nil { probe(operation, pattern, [.resource], &result) }
        if pattern.outputs > 1, pattern.inputs.count == 1 { probe(operation, pattern, [.uint64], &result) }
        if result.types.count > before || !result.types.isDisjoint(with: Self.commonTypes) {
          probe(operation, pattern, Self.otherTypes, &result)
        }
        results[pattern.dataInput] = result
      }
    }
    // Where types vary is the first input that takes about as many as any: axes and indices take two or three.
    let most = results.values.map(\.types.count).max() ?? 0
    return results.values.filter { 2 * $0.types.count >= most }.min { $0.input ?? .max < $1.input ?? .max } ?? Result()
  }

  // An operator that takes none of these in some form takes none at all.
  private static let commonTypes: [ElementType] = [
    .float32, .int32, .int8, .bool, .int64, .string, .complex64,
  ]
  private static let otherTypes = ElementType.allCases.filter { !(commonTypes + [.resource, .variant]).contains($0) }

  /// Whether the operator may take so many operands: most say so before they look at anything else, which saves trying.
  private func takesCount(_ operation: any Operator, _ pattern: OperandPattern) -> Bool {
    let count = pattern.inputs.count
    let output = TensorType(element: .float32, shape: .scalar)
    do throws(OperatorError) {
      _ = try operation.infer(
        NodeContext(
          inputs: [TensorType?](repeating: nil, count: count),
          outputs: Array(repeating: output, count: pattern.outputs),
          values: Array(repeating: .unknown, count: count), threads: 1))
      return true
    } catch {
      return !error.description.hasSuffix(" inputs, not \(count)")
        && !error.description.hasSuffix(" outputs, not \(pattern.outputs)")
    }
  }

  private func probe(
    _ operation: any Operator, _ pattern: OperandPattern, _ types: [ElementType], _ result: inout Result
  ) {
    for type in types {
      for quantized in type.isNarrowInteger ? [true, false] : [false] {
        guard let operands = ProbeOperands(pattern, type, isQuantized: quantized) else { continue }
        for output in operands.outputTypes {
          // Nothing more can be learnt.
          if result.types.contains(type), delegates.allSatisfy({ result.delegated[$0.name]?.contains(type) == true }) {
            break
          }
          guard let accepted = accept(operation, operands, output) else { continue }
          if accepted.hasKernel {
            result.types.insert(type)
            if pattern.hasWeights { probeWeights(operation, pattern, type, isQuantized: quantized, output, &result) }
          }
          let node = DelegateNode(
            operation: operation, inputs: operands.delegateInputs,
            outputs: accepted.outputs.enumerated().map {
              DelegateOperand(tensor: TensorID(1000 + $0), type: $1, constant: nil)
            })
          for delegate in delegates where delegate.supports(node) == .accepted {
            result.delegated[delegate.name, default: []].insert(type)
          }
        }
      }
    }
  }

  /// Finds what weights may be instead of those that the operator took, everything else being as it was.
  private func probeWeights(
    _ operation: any Operator, _ pattern: OperandPattern, _ type: ElementType, isQuantized: Bool, _ output: TensorType,
    _ result: inout Result
  ) {
    for weights in ElementType.allCases where result.weights[type]?.contains(weights) != true {
      guard
        let operands = ProbeOperands(
          pattern, type, isQuantized: isQuantized, weights: weights, areWeightsQuantized: weights.isNarrowInteger),
        accept(operation, operands, output)?.hasKernel == true
      else { continue }
      result.weights[type, default: []].insert(weights)
    }
  }

  /// Types of further outputs: that of the first, and what indices, counts and marks have.
  private static let others: [TensorType?] = [nil, .int32, .uint8, .float32].map { (element: ElementType?) in
    element.map { TensorType(element: $0, shape: .scalar) }
  }

  /// What an operator makes of operands that it takes.
  private struct Accepted {
    let outputs: [TensorType]
    /// Whether it has a built-in kernel for them; without one they may be for delegates.
    let hasKernel: Bool
  }

  /// What the operator makes of these operands, the first output being declared as `output`; nil when it does not take them.
  private func accept(_ operation: any Operator, _ operands: ProbeOperands, _ output: TensorType) -> Accepted? {
    var first: Accepted?
    for other in operands.outputCount > 1 ? Self.others : [nil] {
      guard let accepted = accept(operation, operands, output, other ?? output) else { continue }
      if accepted.hasKernel { return accepted }
      first = first ?? accepted
    }
    return first
  }

  private func accept(_ operation: any Operator, _ operands: ProbeOperands, _ output: TensorType, _ others: TensorType)
    -> Accepted?
  {
    var declared = [TensorType](repeating: others, count: operands.outputCount)
    if !declared.isEmpty { declared[0] = output }
    for index in declared.indices { declared[index].shape = operands.declaredShape }
    if let elements = operation.outputElements(operands.types) {
      for (index, element) in zip(declared.indices, elements) { declared[index].element = element }
    }
    func context(_ outputs: [TensorType]) -> NodeContext {
      NodeContext(
        inputs: operands.types, outputs: outputs, values: operands.values, threads: 1,
        intermediates: operands.intermediates, variables: operands.variables, bodies: [[.builtin(.stablehloAdd)]])
    }
    do throws(OperatorError) {
      let shapes = try operation.inferShapes(context(declared))
      guard shapes.count == declared.count else { return nil }
      let outputs = zip(declared, shapes).map { $0.with(shape: $1) }
      // What runs subgraphs has no kernel of its own.
      let hasKernel = operation is any SubgraphOperator || (try? operation.prepareKernel(context(outputs))) != nil
      return Accepted(outputs: outputs, hasKernel: hasKernel)
    } catch {
      return nil
    }
  }
}
