import FlatBuffers
import Glibc
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@testable import TFLiteRuntime

/// Graphs to be fused, and the comparison of what they compute with and without passes.
extension GraphSketch {
  /// A deterministic float input with values between -2 and 2.
  static func values(_ count: Int, seed: UInt64 = 3) -> [Float] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(1 << 30)
    }
  }

  mutating func scalar(_ value: Float, rank: Int = 0) throws -> TensorID {
    try constant([value], [Int](repeating: 1, count: rank))
  }

  mutating func vector(_ count: Int, seed: UInt64) throws -> TensorID {
    try constant(Self.values(count, seed: seed), [count])
  }

  mutating func reshape(_ x: TensorID, _ dimensions: [Int]) throws -> TensorID {
    node(
      try Reshape(options: .defaults), [x, try constant(dimensions.map { Int32($0) }, [dimensions.count])], dimensions,
      graph[x].type.element)
  }

  mutating func transpose(_ x: TensorID, _ axes: [Int32], _ element: ElementType = .float32) throws -> TensorID {
    let shape = graph[x].type.shape
    return node(
      Transpose(options: .defaults), [x, try constant(axes)], axes.map { shape[Int($0)] }, element)
  }

  mutating func mean(_ x: TensorID, _ axes: [Int32], _ dimensions: [Int], keeps: Bool = false) throws -> TensorID {
    node(
      try Mean(options: try .table([0: .bool(keeps)])), [x, try constant(axes)], dimensions)
  }

  mutating func add(_ a: TensorID, _ b: TensorID, _ dimensions: [Int], relu: Bool = false) throws -> TensorID {
    node(try Add(options: try .table([0: .int8(relu ? 1 : 0)])), [a, b], dimensions)
  }

  mutating func mul(_ a: TensorID, _ b: TensorID, _ dimensions: [Int]) throws -> TensorID {
    node(try Mul(options: .defaults), [a, b], dimensions)
  }

  /// What the graph's outputs are, and the steps that compute them.
  func run(
    disabled: Set<GraphPass> = [], threads: Int = 1, preserving: Bool = false
  ) throws -> (outputs: [[Float]], report: PassReport) {
    let run = try GraphRun(
      graph,
      options: .init(
        threads: threads, preservesIntermediates: preserving, compiler: GraphCompiler(disabled: disabled)))
    for (index, input) in graph.inputs.enumerated() where graph[input].type.element == .float32 {
      try run.set(input, Self.values(graph[input].type.shape.elementCount, seed: UInt64(index + 11)))
    }
    try run.invoke()
    return (try graph.outputs.map { try run.floats($0) }, run.runner.passes)
  }

  /// Runs the graph with all passes and with none: one pass must find `matches` groups, and the outputs must agree.
  ///
  /// - Parameter tolerance: relative to the largest element; 0 for equal bits.
  @discardableResult
  func check(
    _ pass: GraphPass, matches: Int, steps: [String]? = nil, tolerance: Float = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [[Float]] {
    let plain = try run(disabled: Set(GraphPass.allCases))
    #expect(plain.report.matches.isEmpty, sourceLocation: sourceLocation)
    for threads in [1, 2] {
      let fused = try run(threads: threads)
      #expect(fused.report.matches[pass] ?? 0 == matches, "\(fused.report)", sourceLocation: sourceLocation)
      if let steps { #expect(fused.report.steps == steps, sourceLocation: sourceLocation) }
      for (a, b) in zip(plain.outputs, fused.outputs) {
        let largest = a.reduce(1) { max($0, abs($1)) }
        let agree = zip(a, b).allSatisfy { $0 == $1 || abs($0 - $1) <= tolerance * largest }
        #expect(a.count == b.count && agree, "\(a.prefix(8)) \(b.prefix(8))", sourceLocation: sourceLocation)
      }
    }
    #expect(try run(disabled: [pass]).report.matches[pass] == nil, sourceLocation: sourceLocation)
    #expect(try run(preserving: true).report.matches.isEmpty, sourceLocation: sourceLocation)
    return try run().outputs
  }
}
