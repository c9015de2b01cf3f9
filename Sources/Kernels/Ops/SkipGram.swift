public import TensorTypes

/// `SKIP_GRAM`: all n-grams of the words of a sentence (string 0 of the input) that leave out at most a number of words between neighbours, each as its
/// words with a space between them.
///
/// Words are separated by white space of the C locale. The output is a vector whose length depends on the sentence.
public struct SkipGram: Operator {
  public static let definition = OperatorDefinition(.skipGram, versions: 1...1, options: 18)

  let size: Int
  let maximumSkip: Int
  /// Whether shorter n-grams are given too.
  let includesShorter: Bool

  /// More n-grams than this are an error: their number grows exponentially with their size.
  static let maximumCount = 1 << 20

  public init(options: OperatorOptions) throws(OperatorError) {
    size = Int(try options.int32(0))
    maximumSkip = Int(try options.int32(1))
    includesShorter = try options.bool(2)
    guard size >= 1 else { throw .malformed("n-grams of \(size) words") }
  }

  public func infer(_ node: NodeContext) throws(OperatorError) -> [Shape] {
    try node.expect(inputs: 1)
    guard try node.input(0).element == .string, try node.output(0).element == .string else {
      throw .unsupported("input and output must be strings")
    }
    let sentence = try StringArray(try node.bytes(0)).string(0)
    var count = 0
    try forEachGram(of: Self.words(sentence)) { _ in count += 1 }
    guard let shape = Shape([count]) else { throw .malformed("too many n-grams") }
    return [shape]
  }

  public func prepare(_ node: NodeContext) throws(OperatorError) -> Kernel {
    let operation = self
    let count = try node.output(0).shape.elementCount
    return Kernel { io throws(OperatorError) in
      let words = Self.words(try io.strings(0).string(0))
      var builder = StringArrayBuilder()
      try operation.forEachGram(of: words) { stack throws(OperatorError) in
        try builder.append(Array(stack.map { words[$0] }.joined(separator: [UInt8(ascii: " ")])))
      }
      let grams = try builder.finish()
      guard grams.count == count else { throw .invalidValue("the sentence changed") }
      try io.setStrings(0, grams)
    }
  }

  private static func words(_ sentence: [UInt8]) -> [ArraySlice<UInt8>] {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    var words: [ArraySlice<UInt8>] = []
    var start = 0
    for index in sentence.indices.dropFirst() where isSpace(sentence[index]) {
      if index > start, !isSpace(sentence[start]) { words.append(sentence[start..<index]) }
      start = index + 1
    }
    if sentence.count > start { words.append(sentence[start...]) }
    return words
  }

  /// Calls `body` with the words' numbers of each n-gram, longer ones before the shorter ones that they begin with.
  private func forEachGram(
    of words: [ArraySlice<UInt8>], _ body: (ArraySlice<Int>) throws(OperatorError) -> Void
  ) throws(OperatorError) {
    guard words.count >= size else { return }
    var stack = [Int](repeating: 0, count: size)
    var depth = 1
    var count = 0
    while depth >= 0 {
      let stepsIn =
        depth < size && stack[depth] + 1 < words.count
        && (depth == 0 || stack[depth] - stack[depth - 1] <= maximumSkip)
      if stepsIn {
        stack[depth] += 1
        depth += 1
        if depth < size { stack[depth] = stack[depth - 1] }
      } else {
        if depth > 0, includesShorter ? depth <= size : depth == size {
          count += 1
          guard count <= Self.maximumCount else {
            throw .invalidValue("the sentence has more than \(Self.maximumCount) n-grams")
          }
          try body(stack[..<depth])
        }
        depth -= 1
      }
    }
  }
}
