internal import TensorTypes

/// A relation between two elements, such as "less than".
protocol ElementRelation: Sendable {
  func holds<T: Comparable>(_ a: T, _ b: T) -> Bool
}

private struct Compare<Relation: ElementRelation, T: Comparable & BitwiseCopyable & Sendable>: BinaryElementFunction {
  let relation: Relation
  @inline(__always) func apply(_ a: T, _ b: T) -> UInt8 { relation.holds(a, b) ? 1 : 0 }
}

private struct CompareShort<Relation: ElementRelation, T: ShortReal>: BinaryElementFunction {
  let relation: Relation
  @inline(__always) func apply(_ a: T, _ b: T) -> UInt8 { relation.holds(a.real, b.real) ? 1 : 0 }
}

/// Any byte but 0 counts as true.
private struct CompareBool<Relation: ElementRelation>: BinaryElementFunction {
  let relation: Relation
  @inline(__always) func apply(_ a: UInt8, _ b: UInt8) -> UInt8 {
    relation.holds(a == 0 ? 0 : 1, b == 0 ? 0 : 1) ? 1 : 0
  }
}

/// Compares quantised integers after scaling both to fixed-point numbers.
///
/// Source: TFLite's reference kernel; results are the same.
private struct CompareQuantized<Relation: ElementRelation, T: FixedWidthInteger & BitwiseCopyable & Sendable>:
  BinaryElementFunction
{
  let relation: Relation
  let left: AffineParameters
  let right: AffineParameters
  let leftMultiplier: QuantizedMultiplier
  let rightMultiplier: QuantizedMultiplier

  init(_ relation: Relation, _ node: NodeContext) throws(OperatorError) {
    self.relation = relation
    left = try node.affineInput(0)
    right = try node.affineInput(1)
    leftMultiplier = QuantizedMultiplier(Double(left.scale))
    rightMultiplier = QuantizedMultiplier(Double(right.scale))
  }

  @inline(__always) func apply(_ a: T, _ b: T) -> UInt8 {
    let scaledLeft = leftMultiplier.apply((Int32(truncatingIfNeeded: a) &- left.zeroPoint) &<< 8)
    let scaledRight = rightMultiplier.apply((Int32(truncatingIfNeeded: b) &- right.zeroPoint) &<< 8)
    return relation.holds(scaledLeft, scaledRight) ? 1 : 0
  }
}

/// The kernel of a comparison of inputs 0 and 1.
///
/// - Parameter isEquality: whether the relation makes sense for types without order.
func comparisonKernel<Relation: ElementRelation>(
  _ node: NodeContext, _ relation: Relation, isEquality: Bool
) throws(OperatorError) -> Kernel {
  let broadcast = try node.binaryBroadcast(output: .bool)
  let type = try node.input(0)
  switch type.element {
  case .float32: return Compare<Relation, Float>(relation: relation).kernel(broadcast)
  case .float16: return CompareShort<Relation, HalfBits>(relation: relation).kernel(broadcast)
  case .bfloat16: return CompareShort<Relation, BFloat16>(relation: relation).kernel(broadcast)
  case .int32: return Compare<Relation, Int32>(relation: relation).kernel(broadcast)
  case .int64: return Compare<Relation, Int64>(relation: relation).kernel(broadcast)
  case .int16 where isEquality && type.quantization != .none:
    return try CompareQuantized<Relation, Int16>(relation, node).kernel(broadcast)
  case .int16: return Compare<Relation, Int16>(relation: relation).kernel(broadcast)
  case .int8: return try CompareQuantized<Relation, Int8>(relation, node).kernel(broadcast)
  case .uint8: return try CompareQuantized<Relation, UInt8>(relation, node).kernel(broadcast)
  case .bool where isEquality: return CompareBool(relation: relation).kernel(broadcast)
  case .string where isEquality: return stringKernel(broadcast, relation)
  case let other:
    throw .unsupported(
      "\(other) inputs; float32, float16, bfloat16, int8, uint8, int16, int32, int64"
        + (isEquality ? ", bool and string are supported" : " are supported"))
  }
}

/// The kernel that compares strings byte by byte.
private func stringKernel<Relation: ElementRelation>(_ broadcast: Broadcast, _ relation: Relation) -> Kernel {
  Kernel { io throws(OperatorError) in
    let a = try io.strings(0)
    let b = try io.strings(1)
    let count = broadcast.shape.elementCount
    var y = io.output(0, as: UInt8.self, in: 0..<count)
    let leftStep = broadcast.repeats(0) ? 0 : 1
    let rightStep = broadcast.repeats(1) ? 0 : 1
    var runs = Broadcast.RunIterator(broadcast, in: 0..<count)
    while let run = runs.next() {
      for i in 0..<run.count {
        let isEqual = areEqual(a[run.left + i * leftStep], b[run.right + i * rightStep])
        y[run.position + i] = relation.holds(isEqual ? 0 : 1, 0) ? 1 : 0
      }
    }
  }
}

private func areEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
  guard a.count == b.count else { return false }
  for i in a.indices where a[i] != b[i] { return false }
  return true
}
