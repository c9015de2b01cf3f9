import Delegates
import Foundation
import KernelTestSupport
import Kernels
import ModelTestSupport
import Synchronization
import TFLiteRuntime
import TensorTypes
import Testing

/// Weights that XNNPACK packs are packed once for the interpreters of a model.
@Suite struct SharedWeightsTests {
  /// Images of 6x6x3: two convolutions with one filter and different strides, a depthwise one, PRELU, a transposed one and a product. The batch is
  /// open where `batches`; the transposed convolution, whose output shape is a constant, is left out then.
  private static func model(batches: Bool) throws -> Model {
    var generator = SeededGenerator(seed: 7)
    var model = ModelBuilder()
    var graph = ModelBuilder.Subgraph()
    func constant(_ shape: [Int32], _ name: String) -> Int32 {
      let count = shape.reduce(1) { $0 * Int($1) }
      let values = generator.floats(count, in: -1...1)
      return graph.tensor(shape, buffer: model.buffer(floats: values), name: name)
    }
    let conv = model.code(3)
    let depthwise = model.code(4)
    let prelu = model.code(54)
    let product = model.code(9)
    let transposed = model.code(67)
    let x = graph.tensor([1, 6, 6, 3], name: "x", batches ? [7: .int32s([-1, 6, 6, 3])] : [:])
    let filter = constant([20, 3, 3, 3], "filter")
    let bias = constant([20], "bias")
    let depthFilter = constant([1, 3, 3, 20], "depth")
    let slopes = constant([1, 1, 20], "slopes")
    let weights = constant([7, 20], "weights")
    let a = graph.tensor([1, 6, 6, 20], name: "a")
    let b = graph.tensor([1, 3, 3, 20], name: "b")
    let c = graph.tensor([1, 6, 6, 20], name: "c")
    let d = graph.tensor([1, 6, 6, 20], name: "d")
    let y = graph.tensor([1, 6, 6, 7], name: "y")
    func window(stride: Int32) -> [Int: Stored] {
      [0: .int8(0), 1: .int32(stride), 2: .int32(stride), 3: .int8(1), 4: .int32(1), 5: .int32(1)]
    }
    graph.node(conv, [x, filter, bias], [a], [3: .int8(1), 4: .table(window(stride: 1))])
    graph.node(conv, [x, filter, bias], [b], [3: .int8(1), 4: .table(window(stride: 2))])
    graph.node(
      depthwise, [a, depthFilter, bias], [c],
      [
        3: .int8(2),
        4: .table([0: .int8(0), 1: .int32(1), 2: .int32(1), 3: .int32(1), 5: .int32(1), 6: .int32(1)]),
      ])
    graph.node(prelu, [c, slopes], [d])
    graph.node(product, [d, weights, -1], [y], [3: .int8(8), 4: .table([2: .bool(true)])])
    graph.inputs = [x]
    graph.outputs = [y, b]
    if !batches {
      let shape = model.buffer([1, 7, 7, 4].flatMap { (value: Int32) in withUnsafeBytes(of: value) { Array($0) } })
      let size = graph.tensor([4], type: 2, buffer: shape, name: "size")
      let up = constant([4, 3, 3, 20], "up")
      let z = graph.tensor([1, 7, 7, 4], name: "z")
      graph.node(
        transposed, [size, up, b], [z],
        [3: .int8(49), 4: .table([0: .int8(1), 1: .int32(2), 2: .int32(2)])])
      graph.outputs.append(z)
    }
    model.subgraphs = [graph]
    return try Model(bytes: model.bytes())
  }

  /// The packed operators in use that were made of the constant with this name.
  private func packed(_ name: String, of model: Model) throws -> [Int] {
    let tensor = try #require(model.subgraphs[0].tensors.first { $0.name == name })
    return XNNPackDelegate.packedOperators(of: try #require(tensor.constant))
  }

  private static let constants = ["filter", "depth", "slopes", "weights"]

  private func serials(_ model: Model) throws -> [[Int]] { try Self.constants.map { try packed($0, of: model) } }

  private static func images(_ batch: Int, size: Int = 6, seed: UInt64) throws -> Tensor {
    var generator = SeededGenerator(seed: seed)
    let values = generator.floats(batch * size * size * 3, in: -2...2)
    return try #require(Tensor(values, shape: [batch, size, size, 3]))
  }

  /// The outputs' floats, by name.
  private static func run(_ interpreter: Interpreter, _ images: Tensor) throws -> [String: [Float]] {
    try interpreter(["x": images]).mapValues { try #require($0.values(as: Float.self)) }
  }

  private func interpreter(_ model: Model, threads: Int = 1) throws -> Interpreter {
    let interpreter = try Interpreter(
      model, options: .init(threads: threads, requirement: .full), delegates: [.xnnpack()])
    try interpreter.allocate()
    return interpreter
  }

  @Test func `interpreters share what is packed`() throws {
    let model = try Self.model(batches: false)
    #expect(try serials(model) == [[], [], [], []])
    do {
      let first = try interpreter(model)
      let packed = try serials(model)
      // One filter serves two convolutions that are packed apart.
      #expect(packed.map(\.count) == [2, 1, 1, 1])
      #expect(try self.packed("up", of: model).count == 1)
      let second = try interpreter(model, threads: 2)
      #expect(try serials(model) == packed)
      // In turns, so that the state of one would show in the other.
      let inputs = try (0..<4).map { try Self.images(1, seed: $0) }
      let alone = try Interpreter(try Self.model(batches: false), delegates: [.xnnpack()])
      for images in inputs {
        let expected = try Self.run(alone, images)
        #expect(try Self.run(first, images) == expected)
        #expect(try Self.run(second, images) == expected)
      }
    }
    #expect(try serials(model) == [[], [], [], []])
    let later = try interpreter(model)
    #expect(try serials(model).map(\.count) == [2, 1, 1, 1])
    withExtendedLifetime(later) {}
  }

  @Test func `the last interpreter may be any`() throws {
    let model = try Self.model(batches: false)
    let images = try Self.images(1, seed: 3)
    var first: Interpreter? = try interpreter(model)
    let expected = try Self.run(try #require(first), images)
    let second = try interpreter(model)
    let packed = try serials(model)
    first = nil
    #expect(try serials(model) == packed)
    #expect(try Self.run(second, images) == expected)
  }

  @Test func `another batch packs nothing`() throws {
    let model = try Self.model(batches: true)
    let interpreter = try interpreter(model)
    let packed = try serials(model)
    let single = try Interpreter(try Self.model(batches: true), delegates: [.xnnpack()])
    for batch in [1, 2, 5, 3, 1, 8] {
      let images = try Self.images(batch, seed: UInt64(batch))
      try interpreter.resizeInput(0, to: [batch, 6, 6, 3])
      let outputs = try Self.run(interpreter, images)
      #expect(try serials(model) == packed)
      let values = try #require(images.values(as: Float.self))
      for row in 0..<batch {
        let part = Array(values[(row * 108)..<((row + 1) * 108)])
        let one = try Self.run(single, try #require(Tensor(part, shape: [1, 6, 6, 3])))
        for (name, expected) in one {
          let count = expected.count
          #expect(Array(try #require(outputs[name])[(row * count)..<((row + 1) * count)]) == expected)
        }
      }
    }
    #expect(interpreter.placement.operators.allSatisfy { $0.delegate == "xnnpack" })
  }

  @Test func `an image of another size packs what depends on its padding`() throws {
    let model = try Self.model(batches: true)
    let interpreter = try interpreter(model)
    let builtin = try Interpreter(model)
    let before = try packed("filter", of: model)
    for size in [7, 6, 9] {
      let images = try Self.images(1, size: size, seed: UInt64(size))
      for target in [interpreter, builtin] { try target.resizeInput(0, to: [1, size, size, 3]) }
      let (a, b) = (try Self.run(interpreter, images), try Self.run(builtin, images))
      for (name, expected) in b {
        let actual = try #require(a[name])
        #expect(actual.count == expected.count)
        #expect(zip(actual, expected).allSatisfy { abs($0 - $1) < 1e-3 * (1 + abs($1)) })
      }
      // Of each of the two convolutions there is one, whatever sizes there were.
      #expect(try packed("filter", of: model).count == 2)
    }
    #expect(try packed("filter", of: model) != before)
  }

  @Test func `threads make, run and drop interpreters`() throws {
    let model = try Self.model(batches: false)
    let images = try (0..<4).map { try Self.images(1, seed: $0) }
    let alone = try Interpreter(try Self.model(batches: false), delegates: [.xnnpack()])
    let expected = try images.map { try Self.run(alone, $0) }
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      do {
        for round in 0..<12 {
          let interpreter = try Interpreter(model, delegates: [.xnnpack()])
          for index in images.indices {
            let place = (index + worker + round) % images.count
            let answer = try Self.run(interpreter, images[place])
            if answer != expected[place] { failures.withLock { $0.append("worker \(worker), round \(round)") } }
          }
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(try serials(model) == [[], [], [], []])
  }
}
