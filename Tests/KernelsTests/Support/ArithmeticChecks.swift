import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// What the arithmetic operators with two broadcast inputs and a fused activation have in common.
struct ArithmeticChecks {
  /// The operator with an activation of the schema.
  let make: @Sendable (Int8) throws -> any Operator
  /// Whether integers of 8 bits may have no scale.
  var takesUnquantized = false
  let function: @Sendable (Double, Double) -> Double

  /// - Parameter magnitude: how large operands are, so that integer results stay inside their type.
  func broadcasts(_ element: ElementType, magnitude: Float) throws {
    var generator = SeededGenerator(seed: 67)
    for (shapeA, shapeB) in Sizes.broadcasts(element) {
      func tensor(_ shape: [Int]) throws -> TestTensor {
        let range = element == .uint32 ? magnitude...magnitude * 2 : -magnitude...magnitude
        return try TestTensor(
          numbers: generator.floats(shape.reduce(1, *), in: range).map { Double($0) }, shape, as: element)
      }
      try expectBroadcast(make(0), try tensor(shapeA), try tensor(shapeB), function)
    }
  }

  /// Real and integer results around both ends of each activation's interval, and quantised ones.
  func clampsWithActivations(_ elements: [ElementType]) throws {
    for (activation, low, high) in [(1, 0, .infinity), (2, -1, 1), (3, 0, 6)] as [(Int8, Double, Double)] {
      let clamp = { (x: Double) in x < low ? low : x > high ? high : x }
      let x: [Double] = [-20, -2, -1, -0.5, 0, 0.5, 1, 5, 5.5, 6, 7, 20]
      for element in elements where element != .uint32 {
        try expectBroadcast(
          make(activation), try TestTensor(numbers: x, as: element), try TestTensor(numbers: [1], as: element)
        ) { clamp(function($0, $1)) }
      }
      for element in [ElementType.int8, .uint8, .int16] {
        let form = AffineForm(element, scale: 0.125, zeroPoint: element == .uint8 ? 100 : 0)
        let integers = x.map { Int(form.place($0).rounded()) }
        let one = form.zeroPoint + 8
        let result = try run(make(activation), [form.tensor(integers), form.tensor([one])], outputs: [form.output])[0]
        expectQuantized(result, form, integers.map { clamp(function(form.real($0), 1)) })
      }
    }
  }

  func matchesOnQuantisedBytes(_ element: ElementType, _ scales: (Float, Float, Float)) throws {
    for left in AffineForm.zeroPoints(element, scale: scales.0) {
      for right in AffineForm.zeroPoints(element, scale: scales.1) {
        for output in AffineForm.zeroPoints(element, scale: scales.2) {
          let a = left.everyInteger + right.everyInteger.reversed()
          let b = left.everyInteger.map { _ in right.limits.lowerBound } + right.everyInteger
          let result = try run(make(0), [left.tensor(a), right.tensor(b)], outputs: [output.output])[0]
          expectQuantized(result, output, zip(a, b).map { function(left.real($0), right.real($1)) })
        }
      }
    }
  }

  func matchesOnQuantisedShorts(_ scales: (Float, Float, Float)) throws {
    let left = AffineForm(.int16, scale: scales.0, zeroPoint: 0)
    let right = AffineForm(.int16, scale: scales.1, zeroPoint: 0)
    let output = AffineForm(.int16, scale: scales.2, zeroPoint: 0)
    let a = left.everyInteger
    for b in [Array(a.reversed()), a, [32767], [-32768]] {
      let result = try run(make(0), [left.tensor(a), right.tensor(b)], outputs: [output.output])[0]
      expectQuantized(
        result, output, a.indices.map { function(left.real(a[$0]), right.real(b[b.count == 1 ? 0 : $0])) })
    }
  }

  /// Each input in turn shares the output's memory, with the other at full size and broadcast.
  func computesInPlace() throws {
    #expect(try make(0).sharing == .inPlace([0, 1]))
    for other in [[10, 100], [100], [1]] {
      for shared in [0, 1] {
        var generator = SeededGenerator(seed: 3)
        var x = generator.floats(1000)
        var y = generator.floats(other.reduce(1, *))
        let expected = broadcast(x, [10, 100], y, other) { a, b in
          Float(shared == 0 ? function(Double(a), Double(b)) : function(Double(b), Double(a)))
        }
        let type = TensorType(element: .float32, shape: try #require(Shape([10, 100])))
        let otherType = TensorType(element: .float32, shape: try #require(Shape(other)))
        let kernel = try make(0).prepare(
          NodeContext(
            inputs: shared == 0 ? [type, otherType] : [otherType, type], outputs: [type],
            values: [.unknown, .unknown], threads: 1))
        try x.withUnsafeMutableBytes { x in
          try y.withUnsafeMutableBytes { y in
            let target = OperandSlot(address: try #require(x.baseAddress), byteCount: x.count)
            let second = OperandSlot(address: try #require(y.baseAddress), byteCount: y.count)
            try (shared == 0 ? [target, second, target] : [second, target, target]).withUnsafeBufferPointer {
              try kernel.invoke(
                Operands(
                  slots: #require($0.baseAddress), inputCount: 2, outputCount: 1,
                  context: ExecutionContext(threadPool: ThreadPool(count: 1))))
            }
          }
        }
        let isSame = x == expected
        #expect(isSame, "input \(shared) shared, the other \(other)")
      }
    }
  }

  func refuses(supported: [ElementType]) throws {
    for element in [ElementType.int8, .uint8, .int16] {
      // Without a quantisation, 16-bit integers are just integers.
      if element != .int16 {
        try expectSoundQuantization(make(0), element, inputs: 2, takesUnquantized: takesUnquantized)
      }
      for activation: Int8 in [0, 3] {
        try expectSurvivalOfExtremeScales(make(activation), element, inputs: 2)
      }
    }
    let skewed = AffineForm(.int16, scale: 1, zeroPoint: 3)
    expectRejection(
      .malformed, of: try make(0), [try skewed.tensor([1]), try skewed.tensor([1])], outputs: [skewed.output])
    // The output's type is the inputs', whatever is declared.
    try expectElementwiseRejections(make(0), supported: supported, inputs: 2, declaresOutput: false)
    let floats = try TestTensor([1, 2] as [Float])
    #expect(try run(make(0), [floats, floats], outputs: [(.int32, .none)])[0].type.element == .float32)
    for activation: Int8 in [-1, 4, 5, 6, 9] {
      expectRejection(of: try make(activation), [floats, floats], outputs: [(.float32, .none)], "\(activation)")
    }
  }
}
