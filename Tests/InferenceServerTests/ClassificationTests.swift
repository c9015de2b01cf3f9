import InferenceServer
import TFLiteRuntime
import Testing

/// Triton's classification extension.
struct ClassificationTests {
  private func classes<T: TensorScalar>(
    _ values: [T], _ datatype: Datatype, shape: [Int], count: Int, isBatch: Bool = false, labels: [String] = []
  ) throws -> (texts: [String], shape: [Int]) {
    let output = NamedTensor(name: "y", datatype: datatype, tensor: TestModels.tensor(values, shape: shape))
    let found = try output.classified(count, isBatch: isBatch, labels: labels.map { Array($0.utf8) })
    #expect(found.name == "y" && found.datatype == .bytes)
    return ((found.tensor.strings ?? []).map { String(decoding: $0, as: UTF8.self) }, found.shape)
  }

  @Test func highestComeFirst() throws {
    let (texts, shape) = try classes([1, 5, 10, 4] as [Float], .fp32, shape: [1, 4], count: 2)
    #expect(texts == ["10.000000:2", "5.000000:1"] && shape == [2])
  }

  @Test func eachItemOfABatch() throws {
    let (texts, shape) = try classes([3, 1, 2, -3, -1, -2] as [Int8], .int8, shape: [2, 3], count: 2, isBatch: true)
    #expect(texts == ["3:0", "2:2", "-1:1", "-2:2"] && shape == [2, 2])
    // The other dimensions are counted through.
    let (deep, deepShape) = try classes(
      (0..<12).map(UInt8.init), .uint8, shape: [2, 2, 3], count: 1, isBatch: true)
    #expect(deep == ["5:5", "11:5"] && deepShape == [2, 1])
    let (none, noShape) = try classes([] as [Float], .fp32, shape: [0, 3], count: 2, isBatch: true)
    #expect(none.isEmpty && noShape[0] == 0)
  }

  @Test func allWhereThereAreFewer() throws {
    let (texts, shape) = try classes([7, 9] as [Int64], .int64, shape: [2], count: .max)
    #expect(texts == ["9:1", "7:0"] && shape == [2])
    let (one, oneShape) = try classes([7] as [UInt64], .uint64, shape: [], count: 3)
    #expect(one == ["7:0"] && oneShape == [1])
  }

  @Test func labels() throws {
    let (texts, _) = try classes([1, 3, 2, 0] as [Int32], .int32, shape: [4], count: 4, labels: ["a", "b:c", ""])
    #expect(texts == ["3:1:b:c", "2:2", "1:0:a", "0:3"])
  }

  @Test func equalValuesAndNoNumbers() throws {
    let values: [Float] = [.nan, 1, .infinity, 1, -.infinity, .nan]
    let expected = ["inf:2", "1.000000:1", "1.000000:3", "-inf:4"]
    #expect(try classes(values, .fp32, shape: [6], count: 4).texts == expected)
    let all = try classes(values, .fp32, shape: [6], count: 6).texts
    #expect(all[4].hasSuffix("nan:0") && all[5].hasSuffix("nan:5"))
  }

  @Test func numbersAreWrittenAsTritonDoes() throws {
    let values: [Double] = [.greatestFiniteMagnitude, 1e15 / 3, 0.1234565, 1e-9, -0.5]
    let texts = try classes(values, .fp64, shape: [5], count: 5).texts
    #expect(texts[0].utf8.count == 309 + 7 + 2 && texts[0].hasPrefix("17976931348623157"))
    #expect(texts[1...] == ["333333333333333.312500:1", "0.123456:2", "0.000000:3", "-0.500000:4"])
  }

  @Test(arguments: [1, 63, 64, 65, 500])
  func fewAndMany(count: Int) throws {
    // Neither in order nor without repetitions.
    let values = (0..<500).map { Int16(($0 * 7919) % 211) }
    let order = values.indices.sorted { (-Int(values[$0]), $0) < (-Int(values[$1]), $1) }
    let (texts, _) = try classes(values, .int16, shape: [500], count: count)
    #expect(texts == order.prefix(count).map { "\(values[$0]):\($0)" })
  }

  @Test func typesWithoutAnOrder() {
    let strings = NamedTensor(name: "y", datatype: .bytes, tensor: TestModels.tensor(strings: ["a"]))
    let error = #expect(throws: ServingError.self) { try strings.classified(1, isBatch: false) }
    #expect(error?.kind == .invalidArgument && error?.message.hasSuffix("unsupported type 'BYTES'") == true)
  }
}
