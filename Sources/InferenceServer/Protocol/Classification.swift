internal import Glibc
internal import TFLiteRuntime

// Triton's classification extension: an output's highest values with their places, in place of all values.

extension Datatype {
  /// Whether values can be ranked and written.
  var isRanked: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .fp32, .fp64: true
    case .bool, .fp16, .bf16, .bytes: false
    }
  }
}

extension NamedTensor {
  /// The `count` highest values, or all where there are fewer, each as `VALUE:INDEX` or, with a label, `VALUE:INDEX:LABEL`. Of equal values
  /// the first comes first; what is not a number comes last.
  ///
  /// - Parameters:
  ///   - isBatch: whether each item of the first dimension is ranked by itself.
  ///   - labels: names of the classes, by their index; those that are empty or not there are left out.
  /// - Throws: ``ServingError`` for a type without an order, or more text than a tensor holds.
  package func classified(
    _ count: Int, isBatch: Bool, labels: [[UInt8]] = []
  ) throws(ServingError) -> NamedTensor {
    switch datatype {
    case .int8: try classified(as: Int8.self, count, isBatch, labels)
    case .int16: try classified(as: Int16.self, count, isBatch, labels)
    case .int32: try classified(as: Int32.self, count, isBatch, labels)
    case .int64: try classified(as: Int64.self, count, isBatch, labels)
    case .uint8: try classified(as: UInt8.self, count, isBatch, labels)
    case .uint16: try classified(as: UInt16.self, count, isBatch, labels)
    case .uint32: try classified(as: UInt32.self, count, isBatch, labels)
    case .uint64: try classified(as: UInt64.self, count, isBatch, labels)
    case .fp32: try classified(as: Float.self, count, isBatch, labels)
    case .fp64: try classified(as: Double.self, count, isBatch, labels)
    case .bool, .fp16, .bf16, .bytes: throw .unranked(datatype)
    }
  }

  private func classified<Value: TensorScalar & ClassValue>(
    as type: Value.Type, _ count: Int, _ isBatch: Bool, _ labels: [[UInt8]]
  ) throws(ServingError) -> NamedTensor {
    let values = tensor.values(as: Value.self) ?? []
    let items = isBatch ? shape.first ?? 1 : 1
    let classes = items > 0 ? values.count / items : 0
    let found = min(max(count, 0), classes)
    var texts: [[UInt8]] = []
    texts.reserveCapacity(items * found)
    for item in 0..<items {
      let scores = values[item * classes..<(item + 1) * classes]
      for place in Self.highest(found, scores) {
        let index = place - scores.startIndex
        var text = Array("\(scores[place].text):\(index)".utf8)
        if index < labels.count, !labels[index].isEmpty {
          text.append(UInt8(ascii: ":"))
          text += labels[index]
        }
        texts.append(text)
      }
    }
    guard let tensor = Tensor(strings: texts, shape: isBatch ? [items, found] : [found]) else {
      throw ServingError(.invalidArgument, "the classes of output '\(name)' are more text than a tensor holds")
    }
    return NamedTensor(name: name, datatype: .bytes, tensor: tensor)
  }

  /// So many are found by looking at each value once.
  static var fewClasses: Int { 64 }

  private static func highest<Value: ClassValue>(_ count: Int, _ values: ArraySlice<Value>) -> [Int] {
    func precedes(_ a: Int, _ b: Int) -> Bool {
      if values[a] != values[b] {
        if values[a] > values[b] { return true }
        if values[a] < values[b] { return false }
        let (isNumber, isOther) = (values[a] == values[a], values[b] == values[b])
        if isNumber != isOther { return isNumber }
      }
      return a < b
    }
    guard count > 0 else { return [] }
    guard count <= fewClasses else { return Array(values.indices.sorted(by: precedes).prefix(count)) }
    var best: [Int] = []
    for index in values.indices {
      if best.count == count {
        guard precedes(index, best[count - 1]) else { continue }
        best.removeLast()
      }
      let place = best.lastIndex { precedes($0, index) }.map { $0 + 1 } ?? 0
      best.insert(index, at: place)
    }
    return best
  }
}

extension ServingError {
  /// As Triton says it.
  static func unranked(_ datatype: Datatype) -> ServingError {
    ServingError(
      .invalidArgument, "class result not available for output due to unsupported type '\(datatype.rawValue)'")
  }
}

/// A class's value, and how Triton writes it.
private protocol ClassValue: Comparable {
  var text: String { get }
}

extension ClassValue where Self: FixedWidthInteger {
  fileprivate var text: String { String(self) }
}

extension ClassValue where Self: BinaryFloatingPoint {
  /// With six digits after the point.
  fileprivate var text: String {
    // The largest have 309 digits before it.
    var buffer = [CChar](repeating: 0, count: 320)
    let count = unsafe withVaList([Double(self)]) { unsafe vsnprintf(&buffer, buffer.count, "%f", $0) }
    return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Int8: ClassValue {}
extension Int16: ClassValue {}
extension Int32: ClassValue {}
extension Int64: ClassValue {}
extension UInt8: ClassValue {}
extension UInt16: ClassValue {}
extension UInt32: ClassValue {}
extension UInt64: ClassValue {}
extension Float: ClassValue {}
extension Double: ClassValue {}
