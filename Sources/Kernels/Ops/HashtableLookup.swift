internal import Glibc
public import TensorTypes

/// `HASHTABLE_LOOKUP`: for each key of a vector the slice of a table that has it, and whether there is one.
///
/// Inputs: the keys that are looked up (`int32[count]`), the table's keys in rising order (`int32[rows]`), the table (`[rows, ...]`, elements
/// of whole bytes, or a vector of strings). Outputs: slices of the table, zero or empty for a key that is not in it; and one `uint8` for each key, 1 where it was found.
public struct HashtableLookup: Operator {
  public static let definition = OperatorDefinition(.hashtableLookup, versions: 1...1)

  public init(options: OperatorOptions) {}

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 3, outputs: 2)
    try node.expectSameElement(2)
    if try node.input(2).element == .string {
      guard try node.input(2).shape.rank == 1 else { throw .malformed("a table of strings must be a vector") }
    } else {
      try node.expectWholeBytes(2)
    }
    let lookup = try node.input(0)
    let keys = try node.input(1)
    let table = try node.input(2)
    guard lookup.element == .int32, lookup.shape.rank == 1, keys.element == .int32, keys.shape.rank == 1 else {
      throw .malformed("the lookup \(lookup) and the keys \(keys) must be vectors of int32")
    }
    guard table.shape.rank >= 1, table.shape[0] == keys.shape[0] else {
      throw .malformed("\(keys.shape[0]) keys for a table \(table.shape)")
    }
    guard keys.shape[0] > 0 else { throw .malformed("the table is empty") }
    guard try node.output(1).element == .uint8 else {
      throw .malformed("the hits must be uint8, not \(try node.output(1).element)")
    }
    guard let shape = Shape([lookup.shape[0]] + table.shape.dimensions.dropFirst()) else {
      throw .malformed("\(lookup.shape[0]) slices of a table \(table.shape) are too large")
    }
    return [shape, lookup.shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let table = try node.input(2)
    let count = try node.input(0).shape[0]
    if table.element == .string {
      return Kernel { io throws(OperatorError) in
        let lookup = io.input(0, as: Int32.self)
        let keys = io.input(1, as: Int32.self)
        let strings = try io.strings(2)
        var hits = io.output(1, as: UInt8.self)
        var builder = StringArrayBuilder()
        for i in lookup.indices {
          let row = Self.find(lookup[i], keys)
          hits[i] = row == nil ? 0 : 1
          try builder.append(row.map { strings.string($0) } ?? [])
        }
        try io.setStrings(0, try builder.finish())
      }
    }
    guard let tableBytes = table.byteCount, let outputBytes = try node.output(0).byteCount else {
      throw .malformed("\(table) is too large")
    }
    let bytes = tableBytes / table.shape[0]
    return Kernel { io throws(OperatorError) in
      guard unsafe io.inputBytes(2).count >= tableBytes, unsafe io.outputBytes(0).count >= outputBytes else {
        throw .malformed("an operand is smaller than its shape")
      }
      try io.parallel(count, grain: max(1, 32768 / (bytes + 64))) { range in
        let lookup = io.input(0, as: Int32.self, in: range)
        let keys = io.input(1, as: Int32.self)
        var hits = io.output(1, as: UInt8.self, in: range)
        for i in lookup.indices {
          let row = Self.find(lookup[i], keys)
          hits[i] = row == nil ? 0 : 1
          guard bytes > 0, let source = unsafe io.inputBytes(2).baseAddress,
            let target = unsafe io.outputBytes(0).baseAddress
          else { continue }
          // Safety: the row is one of the table's keys, and the output has a row for each key that is looked up.
          let slice = unsafe target + (range.lowerBound + i) * bytes
          if let row {
            unsafe memcpy(slice, source + row * bytes, bytes)
          } else {
            unsafe memset(slice, 0, bytes)
          }
        }
      }
    }
  }

  /// The row with a key by binary search, which with keys out of order finds what TFLite finds.
  private static func find(_ key: Int32, _ keys: Span<Int32>) -> Int? {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      // TFLite compares by a difference that wraps.
      let difference = key &- keys[middle]
      if difference == 0 { return middle }
      if difference < 0 { high = middle } else { low = middle + 1 }
    }
    return nil
  }
}
