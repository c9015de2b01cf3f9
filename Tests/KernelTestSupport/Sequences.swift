/// A batch of sequences with random values.
public struct Sequences {
  public let batches: Int
  public let steps: Int
  public let size: Int
  /// `[batch][step][element]`.
  public var rows: [[[Float]]]

  public init(batches: Int, steps: Int, size: Int, range: ClosedRange<Float> = -1...1, seed: UInt64) {
    self.batches = batches
    self.steps = steps
    self.size = size
    var generator = SeededGenerator(seed: seed)
    rows = (0..<batches).map { _ in (0..<steps).map { _ in generator.floats(size, in: range) } }
  }

  /// All values in the order of a tensor.
  public func values(timeMajor: Bool) -> [Float] { Self.flattened(rows, steps: steps, timeMajor: timeMajor) }

  /// The shape of the tensor.
  public func dimensions(timeMajor: Bool) -> [Int] {
    timeMajor ? [steps, batches, size] : [batches, steps, size]
  }

  public static func flattened<T>(_ rows: [[[T]]], steps: Int, timeMajor: Bool) -> [T] {
    if timeMajor { return (0..<steps).flatMap { step in rows.flatMap { $0[step] } } }
    return rows.flatMap { $0.flatMap { $0 } }
  }
}
