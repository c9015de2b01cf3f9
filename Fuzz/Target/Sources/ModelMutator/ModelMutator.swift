internal import Kernels

/// Changes a .tflite file without breaking its FlatBuffer, so that what is tested lies behind the reader's checks.
public struct ModelMutator {
  private var random: MutationRandom

  public init(seed: UInt64) { random = MutationRandom(state: seed) }

  /// A changed copy of at most `capacity` bytes; nil when the bytes are no FlatBuffer, or no copy fits.
  public mutating func mutate(_ bytes: [UInt8], capacity: Int) -> [UInt8]? {
    var reading = TableReading(bytes)
    guard let root = reading.root(SchemaStructure.root) else { return nil }
    var mutation = ModelMutation(model: root, random: random)
    for _ in 0..<1 + mutation.random.below(4) { mutation.apply() }
    if !mutation.random.once(in: 4) { mutation.fitConstants() }
    var tail = Array(bytes.suffix(8))
    if mutation.random.once(in: 4) { tail = (0..<8).map { _ in UInt8(truncatingIfNeeded: mutation.random.next()) } }
    random = mutation.random
    let result = TableWriting.write(root, identifier: Schema.fileIdentifier, tail: tail)
    return result.count <= capacity ? result : nil
  }

  /// `first` with operators of `second`; nil when one of them is no FlatBuffer, or the result does not fit.
  public mutating func cross(_ first: [UInt8], _ second: [UInt8], capacity: Int) -> [UInt8]? {
    var reading = TableReading(first)
    var otherReading = TableReading(second)
    guard let root = reading.root(SchemaStructure.root), let other = otherReading.root(SchemaStructure.root) else {
      return nil
    }
    var mutation = ModelMutation(model: root, random: random)
    mutation.adopt(from: other)
    random = mutation.random
    let result = TableWriting.write(root, identifier: Schema.fileIdentifier, tail: Array(first.suffix(8)))
    return result.count <= capacity ? result : nil
  }
}
