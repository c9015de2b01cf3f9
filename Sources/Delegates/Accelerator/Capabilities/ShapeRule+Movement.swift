/// Operators that move elements.
extension ShapeRule {
  func transposition(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let input = node.input(0), let order = node.input(1)?.integers else { return "the order is missing" }
    let axes = order.map { $0 < 0 ? $0 + input.rank : $0 }
    guard axes.sorted() == Array(0..<input.rank) else { return "\(order) is not an order of \(input.rank) axes" }
    return expect(axes.map { input.dimensions[$0] }, output)
  }

  func unpacking(_ node: OperatorSignature) -> String? {
    node.outputs.contains(where: \.isScalar) ? "the results are scalars" : nil
  }

  func split(_ node: OperatorSignature, data: Int) -> String? {
    guard let input = node.input(data) else { return "the input is missing" }
    for output in node.outputs where output.type != input.type {
      return "the output is \(output.type.text), the input \(input.type.text)"
    }
    if data == 1 {
      if node.outputs.count == 1 { return "a split into one part" }
      guard var axis = node.input(0)?.integers?.first else { return "the axis is missing" }
      if axis < 0 { axis += input.rank }
      guard input.dimensions.indices.contains(axis) else { return "axis \(axis) is outside the input" }
      if input.dimensions[axis] < node.outputs.count {
        return "\(node.outputs.count) parts of \(input.dimensions[axis]) elements"
      }
    }
    for output in node.outputs where output.dimensions.contains(0) { return "a part without elements" }
    return nil
  }

  func tiling(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let input = node.input(0), let counts = node.input(1)?.integers else { return "the multiples are missing" }
    guard counts.count == input.rank else { return "\(counts.count) multiples for \(input.rank) dimensions" }
    return expect(zip(input.dimensions, counts).map { $0.multipliedReportingOverflow(by: $1).partialValue }, output)
  }

  func padding(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let input = node.input(0), let amounts = node.input(1)?.integers else { return "the paddings are missing" }
    guard amounts.count == 2 * input.rank else { return "\(amounts.count) paddings for \(input.rank) dimensions" }
    return expect(
      input.dimensions.indices.map { input.dimensions[$0] &+ amounts[2 * $0] &+ amounts[2 * $0 + 1] }, output)
  }

  func slice(_ node: OperatorSignature) -> String? {
    guard let input = node.input(0), let begin = node.input(1)?.integers, let size = node.input(2)?.integers else {
      return "begin or size is missing"
    }
    guard begin.count == input.rank, size.count == input.rank else { return "begin or size has another rank" }
    for axis in 0..<input.rank {
      let length = size[axis] < 0 ? input.dimensions[axis] &- begin[axis] : size[axis]
      guard length > 0, begin[axis] >= 0, begin[axis] <= input.dimensions[axis] &- length else {
        return "elements \(begin[axis]) to \(begin[axis] &+ length) of \(input.dimensions[axis]) along axis \(axis)"
      }
    }
    return nil
  }

  func stridedSlice(_ node: OperatorSignature) -> String? {
    guard let input = node.input(0), let begin = node.input(1)?.integers, let end = node.input(2)?.integers,
      let strides = node.input(3)?.integers, let output = node.output
    else { return "begin, end or strides are missing" }
    guard begin.count == input.rank, end.count == input.rank, strides.count == input.rank else {
      return "\(begin.count) ranges for \(input.rank) dimensions"
    }
    if output.isScalar { return "the result is a scalar" }
    let (beginMask, endMask, shrinkMask) = (node.option(0), node.option(1), node.option(4))
    for (axis, size) in input.dimensions.enumerated() where axis < 32 && strides[axis] > 0 {
      let isMasked = { (mask: Int) in mask & (1 << axis) != 0 }
      let first = isMasked(beginMask) ? 0 : begin[axis] < 0 ? begin[axis] + size : begin[axis]
      var last = isMasked(endMask) ? size : end[axis] < 0 ? end[axis] + size : end[axis]
      if isMasked(shrinkMask) { last = first + 1 }
      guard first < min(last, size) else { return "elements \(first) to \(last) of \(size) along axis \(axis)" }
    }
    return nil
  }

  func gathering(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let data = node.input(0), let indices = node.input(1) else { return "operands are missing" }
    let rank = data.rank + indices.rank - 1
    return output.rank == rank ? nil : "the output has \(output.rank) dimensions, the kernel gives \(rank)"
  }

  /// The lowering chooses, for each index of dimension 1, between the update and the operand: it is right for updates of one element along that
  /// dimension only, and what it refuses follows from broadcasting.
  func dynamicUpdateSlice(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let operand = node.input(0), let update = node.input(1), operand.rank >= 3 else {
      return "an operand of fewer than three dimensions"
    }
    let condition = [operand.dimensions[1], 1, 1]
    guard let dimensions = broadcast([condition, operand.dimensions, update.dimensions]) else {
      return
        "an update of \(update.dimensions) in \(operand.dimensions): only one element along axis 1 can be updated"
    }
    return expect(dimensions, output)
  }

  func batchToSpace(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let input = node.input(0), let block = node.input(1)?.integers, block.count == 2, input.rank == 4,
      block.allSatisfy({ $0 > 0 && $0 <= Int(Int32.max) })
    else { return "the block has two dimensions" }
    return input.dimensions[0] % (block[0] * block[1]) == 0 ? nil : "the batch cannot be split into blocks of \(block)"
  }

  func spaceToBatch(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let input = node.input(0), let block = node.input(1)?.integers, let paddings = node.input(2)?.integers,
      block.count == 2, paddings.count == 4, input.rank == 4, block.allSatisfy({ $0 > 0 && $0 <= Int(Int32.max) })
    else { return "the block has two dimensions" }
    let height = input.dimensions[1] &+ paddings[0] &+ paddings[1]
    let width = input.dimensions[2] &+ paddings[2] &+ paddings[3]
    return expect(
      [input.dimensions[0] &* block[0] &* block[1], height / block[0], width / block[1], input.dimensions[3]], output)
  }
}

extension ShapeRule {
  func oneHot(_ node: OperatorSignature, _ output: OperandSignature) -> String? {
    guard let indices = node.input(0) else { return "the indices are missing" }
    return output.rank == indices.rank + 1
      ? nil : "the output has \(output.rank) dimensions, the kernel gives \(indices.rank + 1)"
  }
}
