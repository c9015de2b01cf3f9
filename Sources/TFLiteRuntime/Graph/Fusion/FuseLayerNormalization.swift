internal import Kernels
internal import TensorTypes

/// The operators that converters make of a layer normalisation along the last axis:
///
///     mean = MEAN(x)    factor = RSQRT(ADD(MEAN(SQUARED_DIFFERENCE(x, mean)), epsilon))
///     ADD(MUL(x, factor), SUB(0, MUL(factor, mean)))    or    MUL(SUB(x, mean), factor)
///
/// with reshapes of what has one element per row, and optionally `MUL` by a scale and `ADD` of an offset, one element per column each.
struct FuseLayerNormalization: FusionPass {
  func match(_ position: Int, _ graph: inout FusionGraph) -> Bool {
    if Affine.extend(position, &graph, centers: true) { return false }
    guard let (x, factor, mean, members) = body(position, graph) else { return false }
    return Statistics.replace(position, x: x, factor: factor, mean: mean, members: members, &graph)
  }

  /// What is normalised, the rows' factors and means, and the operators that were seen.
  private func body(
    _ position: Int, _ graph: FusionGraph
  ) -> (x: TensorID, factor: TensorID, mean: TensorID, members: [Int])? {
    if let sum = graph.operation(position, Add.self), sum.activation == .none {
      for (left, right) in graph.operands(position) {
        guard let scaled = graph.plainProducer(left, Mul.self), let shift = graph.origin(right),
          let negation = graph.producer(shift.tensor), let product = negated(negation, graph),
          let multiplication = graph.plainProducer(product, Mul.self)
        else { continue }
        for (x, factors) in graph.operands(scaled) {
          guard graph.isPerRow(factors, of: x), graph.isPerRow(right, of: x), let factor = graph.origin(factors) else {
            continue
          }
          for (a, b) in graph.operands(multiplication) {
            guard let first = graph.origin(a), first.tensor == factor.tensor, let mean = graph.origin(b) else {
              continue
            }
            return (
              x, factor.tensor, mean.tensor,
              [scaled, negation, multiplication] + shift.reshapes + factor.reshapes + first.reshapes + mean.reshapes
            )
          }
        }
      }
    }
    if let product = graph.operation(position, Mul.self), product.activation == .none {
      for (left, right) in graph.operands(position) {
        guard let difference = graph.plainProducer(left, Sub.self), let x = graph.input(difference, 0),
          let mean = graph.origin(graph.input(difference, 1)), let factor = graph.origin(right),
          graph.isPerRow(graph.input(difference, 1), of: x), graph.isPerRow(right, of: x),
          graph.producer(factor.tensor, Rsqrt.self) != nil
        else { continue }
        return (x, factor.tensor, mean.tensor, [difference] + mean.reshapes + factor.reshapes)
      }
    }
    return nil
  }

  /// The operand of `SUB(0, a)` or `NEG(a)`.
  private func negated(_ position: Int, _ graph: FusionGraph) -> TensorID? {
    if graph.operation(position, Neg.self) != nil { return graph.input(position, 0) }
    guard let difference = graph.operation(position, Sub.self), difference.activation == .none,
      graph.scalar(graph.input(position, 0)) == 0
    else { return nil }
    return graph.input(position, 1)
  }
}

/// The mean and variance of rows, as normalisations compute them.
enum Statistics {
  /// Replaces a normalisation whose factor is `RSQRT(ADD(MEAN(squares), epsilon))`.
  ///
  /// - Parameters:
  ///   - mean: the rows' means; nil where none is subtracted.
  ///   - members: operators that belong to it.
  static func replace(
    _ position: Int, x: TensorID, factor: TensorID, mean: TensorID?, members: [Int], _ graph: inout FusionGraph
  ) -> Bool {
    guard let output = graph.output(position), graph.isFloat(x), graph.shape(x) == graph.shape(output),
      let width = graph.shape(x).last, width > 0, graph.shape(x).elementCount > 0,
      let root = graph.producer(factor, Rsqrt.self), let sum = graph.origin(graph.input(root, 0)),
      let addition = graph.producer(sum.tensor, Add.self),
      graph.operation(addition, Add.self)?.activation == FusedActivation.none
    else { return false }
    for (variances, constant) in graph.operands(addition) {
      guard let epsilon = graph.scalar(constant), epsilon.isFinite, epsilon >= 0,
        let variance = graph.origin(variances), let squares = rowMean(variance.tensor, graph)
      else { continue }
      var members = members + [root, addition, squares.position] + sum.reshapes + variance.reshapes
      let columns: TensorID
      if let mean {
        guard let means = rowMean(mean, graph), means.input == x,
          let difference = graph.producer(squares.input)
        else { continue }
        members += [means.position, difference]
        if graph.operation(difference, SquaredDifference.self) != nil {
          guard let pair = graph.operands(difference).first(where: { $0.0 == x }),
            graph.isPerRow(pair.1, of: x), let subtracted = graph.origin(pair.1), subtracted.tensor == mean
          else { continue }
          members += subtracted.reshapes
        } else {
          // MUL(d, d) with d = SUB(x, mean), which the result may use too.
          guard let square = graph.operation(difference, Mul.self), square.activation == .none,
            let d = graph.input(difference, 0), d == graph.input(difference, 1),
            let subtraction = graph.plainProducer(d, Sub.self), graph.input(subtraction, 0) == x,
            graph.isPerRow(graph.input(subtraction, 1), of: x),
            let subtracted = graph.origin(graph.input(subtraction, 1)), subtracted.tensor == mean
          else { continue }
          members += subtracted.reshapes + [subtraction]
        }
        columns = x
      } else {
        guard let square = graph.producer(squares.input, Mul.self),
          graph.operation(square, Mul.self)?.activation == FusedActivation.none,
          let first = graph.input(square, 0), first == graph.input(square, 1), first == x
        else { continue }
        members.append(square)
        columns = first
      }
      guard columns == x else { continue }
      let operation = RowNormalization(
        centers: mean != nil, epsilon: epsilon, width: width, shape: graph.shape(output), scale: nil, offset: nil)
      if graph.replace(
        position, and: members, by: operation, inputs: [x],
        name: mean == nil ? "RMS_NORMALIZATION" : "LAYER_NORMALIZATION")
      {
        return true
      }
    }
    return false
  }

  /// The operator that makes the means of rows along the last axis. Further axes may be named whose size is 1.
  private static func rowMean(_ id: TensorID, _ graph: FusionGraph) -> (position: Int, input: TensorID)? {
    guard let position = graph.producer(id, Mean.self), let input = graph.input(position, 0), graph.isFloat(input),
      let named = graph.integers(graph.input(position, 1))
    else { return nil }
    let shape = graph.shape(input)
    let axes = Set(named.map { $0 < 0 ? $0 + shape.rank : $0 })
    guard shape.rank > 0, axes.contains(shape.rank - 1),
      axes.allSatisfy({ shape.dimensions.indices.contains($0) && ($0 == shape.rank - 1 || shape[$0] == 1) })
    else { return nil }
    return (position, input)
  }
}

/// A scale and an offset after a normalisation of rows.
enum Affine {
  /// Makes a scale or an offset part of the normalisation before it.
  static func extend(_ position: Int, _ graph: inout FusionGraph, centers: Bool) -> Bool {
    let isProduct: Bool
    if let product = graph.operation(position, Mul.self), product.activation == .none {
      isProduct = true
    } else if let sum = graph.operation(position, Add.self), sum.activation == .none {
      isProduct = false
    } else {
      return false
    }
    guard let output = graph.output(position) else { return false }
    for (rows, vector) in graph.operands(position) {
      guard let first = graph.producer(rows, RowNormalization.self),
        let earlier = graph.operation(first, RowNormalization.self), earlier.centers == centers,
        graph.shape(output) == graph.shape(rows), let width = graph.shape(output).last,
        graph.isVector(vector, count: width), let inputs = graph.entries[first]?.node.inputs.compactMap({ $0 }),
        let name = graph.entries[first]?.node.name, width == earlier.columns,
        isProduct ? !earlier.hasScale && !earlier.hasOffset : !earlier.hasOffset
      else { continue }
      let operation = RowNormalization(
        centers: centers, epsilon: earlier.epsilon, width: width, shape: graph.shape(output),
        scale: isProduct || earlier.hasScale ? 1 : nil, offset: isProduct ? nil : inputs.count)
      if graph.replace(position, and: [first], by: operation, inputs: inputs + [vector], name: name) { return true }
    }
    return false
  }
}
