/// The shape that shapes broadcast to, which they must.
public func broadcastShape(_ shapes: [Int]...) -> [Int] {
  let rank = shapes.map(\.count).max() ?? 0
  return (0..<rank).map { axis in
    shapes.reduce(1) { size, shape in
      let own = axis - (rank - shape.count)
      return own < 0 || shape[own] == 1 ? size : shape[own]
    }
  }
}

/// For each element of the broadcast, in order, the position of the operand's element that meets it: its coordinates, 0 where the operand's
/// dimension is 1.
public func broadcastPositions(_ operand: [Int], in shape: [Int]) -> [Int] {
  (0..<shape.reduce(1, *)).map { index in
    var rest = index
    var position = 0
    var stride = 1
    for axis in shape.indices.reversed() {
      let coordinate = rest % shape[axis]
      rest /= shape[axis]
      let own = axis - (shape.count - operand.count)
      guard own >= 0 else { continue }
      position += operand[own] == 1 ? 0 : coordinate * stride
      stride *= operand[own]
    }
    return position
  }
}

/// A function of two broadcast operands, by the definition.
public func broadcast<A, B, R>(
  _ a: [A], _ shapeA: [Int], _ b: [B], _ shapeB: [Int], _ function: (A, B) -> R
) -> [R] {
  let shape = broadcastShape(shapeA, shapeB)
  return zip(broadcastPositions(shapeA, in: shape), broadcastPositions(shapeB, in: shape)).map {
    function(a[$0], b[$1])
  }
}
