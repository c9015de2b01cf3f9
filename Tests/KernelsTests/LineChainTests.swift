import FlatBuffers
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

/// Chains of convolutions computed some lines at a time, against the same convolutions one after the other: the bits must agree.
@Suite struct LineChainTests {
  struct Block: CustomTestStringConvertible, Sendable {
    var input: [Int]
    var expanded: Int
    /// Window, stride and dilation of the depthwise convolution.
    var kernel = 3
    var stride = 1
    var dilation = 1
    var isSame = true
    /// Zeros before the depthwise convolution: top, bottom, left, right.
    var padding = [0, 0, 0, 0]
    /// Channels of the last convolution; nil where the depthwise one is the last.
    var projected: Int?
    var threads = 1
    /// A `GELU` after each convolution, and another image added to the result.
    var isFollowed = false

    var testDescription: String {
      "\(input) to \(expanded), window \(kernel) stride \(stride) dilation \(dilation) same \(isSame) padding \(padding) to \(projected ?? 0), threads \(threads), followed \(isFollowed)"
    }
  }

  static let blocks = [
    Block(input: [1, 40, 56, 16], expanded: 96, stride: 2, isSame: false, padding: [0, 1, 0, 1], projected: 24),
    Block(
      input: [1, 40, 56, 16], expanded: 96, stride: 2, isSame: false, padding: [1, 1, 1, 1], projected: 24, threads: 2),
    Block(input: [2, 45, 50, 24], expanded: 144, projected: 24, threads: 3),
    Block(input: [1, 48, 48, 8], expanded: 120, kernel: 5, projected: 19),
    Block(input: [1, 61, 33, 8], expanded: 130, kernel: 5, stride: 2, projected: 8, threads: 2),
    Block(input: [1, 64, 40, 16], expanded: 100, dilation: 3, projected: 16),
    Block(input: [1, 64, 40, 16], expanded: 100, dilation: 3, isSame: false, threads: 2),
    Block(input: [1, 200, 30, 16], expanded: 64, kernel: 3, stride: 3, projected: 40),
    Block(input: [3, 8, 300, 8], expanded: 96, projected: 8, threads: 4),
    Block(input: [1, 56, 56, 32], expanded: 128, projected: 32, isFollowed: true),
    Block(input: [2, 45, 50, 24], expanded: 144, projected: 21, threads: 3, isFollowed: true),
    Block(input: [1, 61, 33, 8], expanded: 130, kernel: 5, stride: 2, threads: 2, isFollowed: true),
    Block(input: [1, 12, 4200, 1], expanded: 13, projected: 3, isFollowed: true),
  ]

  @Test(arguments: blocks) func givesTheSameBits(block: Block) throws {
    var random = SeededGenerator(seed: 11)
    func tensor(_ dimensions: [Int]) throws -> TestTensor {
      try TestTensor((0..<dimensions.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &random) }, dimensions)
    }
    let image = try tensor(block.input)
    let point: [Int: OptionsField] = [0: .int8(1), 1: .int32(1), 2: .int32(1), 3: .int8(3)]
    let expansion = try Conv2D(options: .table(point))
    let depthwise = try DepthwiseConv2D(
      options: .table([
        0: .int8(block.isSame ? 0 : 1), 1: .int32(Int32(block.stride)), 2: .int32(Int32(block.stride)), 3: .int32(1),
        4: .int8(1), 5: .int32(Int32(block.dilation)), 6: .int32(Int32(block.dilation)),
      ]))
    let projection = try Conv2D(options: .table(point))
    let weights = try (
      tensor([block.expanded, 1, 1, block.input[3]]).constant, tensor([block.expanded]).constant,
      tensor([1, block.kernel, block.kernel, block.expanded]).constant, tensor([block.expanded]).constant,
      tensor([block.projected ?? 1, 1, 1, block.expanded]).constant
    )

    // One after the other.
    let gelu = try Gelu(options: .defaults)
    func followed(_ tensor: TestTensor) throws -> TestTensor {
      block.isFollowed ? try run(gelu, [tensor], outputs: [(.float32, .none)])[0] : tensor
    }
    func followed(_ stage: LineStage?, _ type: TensorType) throws -> LineStage {
      let stage = try #require(stage)
      guard block.isFollowed else { return stage }
      return stage.followed(
        by: [try #require(ElementwiseStage(gelu, through: 0, inputs: [type], output: type, operand: 1))])
    }
    let expanded = try followed(run(expansion, [image, weights.0, weights.1], outputs: [(.float32, .none)])[0])
    var padded = expanded
    if block.padding.contains(where: { $0 > 0 }) {
      let p = block.padding.map(Int32.init)
      padded = try run(
        Pad(options: .defaults),
        [expanded, try TestTensor([0, 0, p[0], p[1], p[2], p[3], 0, 0], [4, 2]).constant],
        outputs: [(.float32, .none)])[0]
    }
    var bordered = depthwise
    if padded.type != expanded.type {
      bordered.borders = (
        WindowBorder(before: block.padding[0], after: block.padding[1]),
        WindowBorder(before: block.padding[2], after: block.padding[3])
      )
    }
    var expected = try followed(run(depthwise, [padded, weights.2, weights.3], outputs: [(.float32, .none)])[0])
    var stages = [
      try followed(expansion.lineStage(context([image, weights.0, weights.1], expanded)), expanded.type),
      try followed(bordered.lineStage(context([expanded, weights.2, weights.3], expected)), expected.type),
    ]
    if block.projected != nil {
      let filtered = expected
      expected = try followed(run(projection, [filtered, weights.4, nil], outputs: [(.float32, .none)])[0])
      stages.append(try followed(projection.lineStage(context([filtered, weights.4, nil], expected)), expected.type))
    }
    var inputs = [image]
    if block.isFollowed {
      let other = try tensor(expected.type.shape.dimensions)
      inputs.append(other)
      let add = try Add(options: .defaults)
      expected = try run(add, [expected, other], outputs: [(.float32, .none)])[0]
      let addition = try #require(
        ElementwiseStage(add, through: 0, inputs: [other.type, other.type], output: other.type, operand: 1))
      let last = stages.removeLast()
      let activation = try #require(
        ElementwiseStage(gelu, through: 0, inputs: [other.type], output: other.type, operand: 1))
      stages.append(last.followed(by: [activation, addition]))
      // Between convolutions there is no other operand.
      #expect(try LineChain([last.followed(by: [addition]), last], threads: 1) == nil)
    }

    // All together.
    let chain = try #require(try LineChain(stages, threads: block.threads))
    let found = try run(
      Chained(chain: chain, shape: expected.type.shape), inputs, outputs: [(.float32, .none)], threads: block.threads)[
        0]
    #expect(found.bytes == expected.bytes)
  }

  /// An operator that a chain computes.
  struct Chained: Operator {
    static let definition = OperatorDefinition(custom: "chain")
    let chain: LineChain
    let shape: Shape

    init(chain: LineChain, shape: Shape) { (self.chain, self.shape) = (chain, shape) }
    init(options: OperatorOptions) throws(OperatorError) { throw .unsupported("a chain has no options") }
    func infer(_ node: NodeContext) -> [Shape] { [shape] }
    func prepare(_ node: NodeContext) -> Kernel { chain.kernel() }
  }

  private func context(_ inputs: [TestTensor?], _ output: TestTensor) throws -> NodeContext {
    let values = try inputs.map { tensor -> NodeContext.Value in
      guard let tensor, tensor.isConstant else { return .unknown }
      return .constant(Constant(try SharedBytes(copying: tensor.bytes.span.bytes)))
    }
    return NodeContext(inputs: inputs.map { $0?.type }, outputs: [output.type], values: values, threads: 1)
  }
}
