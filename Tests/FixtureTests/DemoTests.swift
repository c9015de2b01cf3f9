import Delegates
import Foundation
import TFLiteRuntime
import TensorFiles
import TensorTypes
import Testing

/// The demo's digits against the outputs of LiteRT's reference kernels, and its accuracy as its README has it.
@Suite struct DemoTests {
  let expected: NumpyArchive
  let images: [UInt8]
  let labels: [Int32]
  static let pixels = 32 * 32
  static let classes = 10

  init() throws {
    expected = try NumpyArchive(contentsOf: Self.path("expected.npz"))
    let test = try NumpyArchive(contentsOf: Self.path("test.npz"))
    images = try #require(test.array(named: "images").elements(as: UInt8.self))
    labels = try #require(test.array(named: "labels").elements(as: Int32.self))
  }

  private static func path(_ name: String) -> String { Fixture.root.appending(path: "Demo/\(name)").path }

  private func image(_ index: Int) -> ArraySlice<UInt8> { images[index * Self.pixels..<(index + 1) * Self.pixels] }

  private func runInt8(_ interpreter: Interpreter, _ index: Int) throws -> [Int8] {
    try interpreter.setInput(0, image(index).map { Int8(truncatingIfNeeded: Int($0) - 128) })
    try interpreter.invoke()
    return try #require(interpreter.output(0).values(as: Int8.self))
  }

  private func runFloat(_ interpreter: Interpreter, _ index: Int) throws -> [Float] {
    try interpreter.setInput(0, image(index).map { Float($0) / 255 })
    try interpreter.invoke()
    return try #require(interpreter.output(0).values(as: Float.self))
  }

  private func rows<T: NumpyScalar>(_ name: String, _ scalar: T.Type) throws -> [(index: Int, row: [T])] {
    let indices = try #require(expected.array(named: "indices").elements(as: Int32.self))
    let values = try #require(expected.array(named: name).elements(as: T.self))
    return indices.enumerated().map { row, index in
      (Int(index), Array(values[row * Self.classes..<(row + 1) * Self.classes]))
    }
  }

  @Test(arguments: [1, 2]) func int8IsBitExact(threads: Int) throws {
    let model = try Model(contentsOf: Self.path("digits_int8.tflite"))
    let interpreter = try Interpreter(model, options: .init(threads: threads))
    for (index, row) in try rows("int8", Int8.self) {
      let actual = try runInt8(interpreter, index)
      #expect(actual == row)
    }
  }

  @Test(arguments: [1, 2], [false, true]) func floatIsNear(threads: Int, withXNNPack: Bool) throws {
    let model = try Model(contentsOf: Self.path("digits_float32.tflite"))
    let interpreter = try Interpreter(
      model, options: .init(threads: threads), delegates: withXNNPack ? [.xnnpack()] : [])
    for (index, row) in try rows("float32", Float.self) {
      let actual = try runFloat(interpreter, index)
      #expect(zip(actual, row).allSatisfy { abs($0 - $1) <= 1e-5 }, "\(actual), expected \(row)")
    }
  }

  @Test func accuracyIsTheReadmes() throws {
    let int8 = try Interpreter(try Model(contentsOf: Self.path("digits_int8.tflite")))
    let float = try Interpreter(try Model(contentsOf: Self.path("digits_float32.tflite")))
    let delegated = try Interpreter(
      try Model(contentsOf: Self.path("digits_int8.tflite")), delegates: [.xnnpack()])
    var correct = [0, 0, 0]
    for index in labels.indices {
      if argMax(try runInt8(int8, index)) == Int(labels[index]) { correct[0] += 1 }
      if argMax(try runFloat(float, index)) == Int(labels[index]) { correct[1] += 1 }
      if argMax(try runInt8(delegated, index)) == Int(labels[index]) { correct[2] += 1 }
    }
    #expect(correct[0] == 359 && correct[1] == 359)
    #expect(correct[2] >= 357)
  }

  private func argMax<T: Comparable>(_ values: [T]) -> Int? {
    values.indices.max { values[$0] < values[$1] }
  }
}
