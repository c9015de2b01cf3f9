internal import Kernels

/// Which tensors of a segment share memory, and how long each piece of memory is in use.
///
/// A storage is one piece of memory with one or more tensors: a view has its input's storage, an operator that may work in place takes over the
/// storage of an input that nobody reads afterwards, a block of a tensor lies in that tensor's storage, and what is joined to one tensor is written
/// where it will lie.
struct StorageAssignment {
  /// A tensor that needs memory in this segment.
  struct Tensor {
    /// Position of the step that writes it; -1 when it is there before the first step.
    var definition: Int
    /// Position of the last step that reads it; at least its definition.
    var lastUse: Int
    var byteCount: Int
    /// Whether its memory may be overwritten when nobody reads it any more: not graph inputs, nor what later segments read.
    var isTransient: Bool
    /// The tensor whose value this one has in the next invocation. It may take over this one's memory once ``lastRead`` is past.
    var successor: Int?
    /// Position of the last step that reads a tensor with a successor.
    var lastRead = -1
    /// What the tensor's address must be a multiple of.
    var alignment = 1
  }

  /// What a step asks for.
  struct Step {
    var inputs: [Int?]
    var outputs: [Int?]
    var sharing: OperandSharing
    /// What the step copies, if it does nothing else.
    var blocks: [BlockCopy] = []
  }

  struct Storage {
    var byteCount: Int
    var firstUse: Int
    var lastUse: Int
    var isTransient: Bool
    var successor: Int?
    var lastRead: Int
    var alignment: Int
  }

  /// Where a tensor begins.
  struct Place: Hashable {
    var storage: Int
    /// Bytes from the storage's beginning.
    var offset: Int
  }

  private(set) var storages: [Storage] = []
  /// The place of each tensor.
  private(set) var places: [Place] = []

  /// A storage of at most so many bytes may be in use for longer so that a block of it need not be copied.
  static let longUseBytes = 1 << 16
  /// For so many steps a larger one may, too.
  static let shortUse = 8

  /// - Parameters:
  ///   - tensors: all tensors that need memory; step operands are indices into it (nil for others, such as constants).
  ///   - steps: in execution order.
  ///   - separate: gives each tensor memory of its own for the whole time, so that all can be looked at afterwards.
  init(tensors: [Tensor], steps: [Step], separate: Bool = false) {
    var pool = Pool(tensors: tensors)
    for (index, tensor) in tensors.enumerated() where tensor.definition < 0 { _ = pool.place(index) }
    if !separate {
      for (position, step) in steps.enumerated() {
        pool.shareOutput(of: step, position: position)
        pool.shareParts(of: step)
        pool.join(step, position: position)
      }
    }
    (storages, places) = pool.result()
    if separate {
      for index in storages.indices {
        storages[index].firstUse = 0
        storages[index].lastUse = steps.count
      }
    }
  }

  /// Whether all that a step copies is in its place without it.
  func isInPlace(_ step: Step) -> Bool {
    !step.blocks.isEmpty
      && step.blocks.allSatisfy { block in
        guard let input = step.inputs[block.input], let output = step.outputs[block.output] else { return false }
        return places[input].storage == places[output].storage
          && places[input].offset + block.source == places[output].offset + block.target
      }
  }
}

/// Storages while they are handed out. A storage that came to lie in another one keeps its number and refers to that.
private struct Pool {
  private struct Entry {
    var storage: StorageAssignment.Storage
    var parent: StorageAssignment.Place?
  }

  let tensors: [StorageAssignment.Tensor]
  private var entries: [Entry] = []
  /// Of each tensor that has one; -1 where it has none yet.
  private var places: [StorageAssignment.Place]

  init(tensors: [StorageAssignment.Tensor]) {
    self.tensors = tensors
    places = [StorageAssignment.Place](repeating: .init(storage: -1, offset: 0), count: tensors.count)
  }

  func hasPlace(_ tensor: Int) -> Bool { places[tensor].storage >= 0 }

  /// Where a tensor lies now; a storage of its own if it had none.
  mutating func place(_ tensor: Int) -> StorageAssignment.Place {
    if places[tensor].storage < 0 {
      places[tensor] = .init(storage: entries.count, offset: 0)
      entries.append(Entry(storage: .init(tensors[tensor])))
    }
    while let parent = entries[places[tensor].storage].parent {
      places[tensor] = .init(storage: parent.storage, offset: parent.offset + places[tensor].offset)
    }
    return places[tensor]
  }

  private mutating func put(_ tensor: Int, at place: StorageAssignment.Place) {
    places[tensor] = place
    entries[place.storage].storage.extend(tensors[tensor])
  }

  /// A view, or what is computed in place.
  mutating func shareOutput(of step: StorageAssignment.Step, position: Int) {
    guard case let output?? = step.outputs.first, !hasPlace(output), tensors[output].byteCount > 0 else { return }
    let candidates: [Int]
    let overwrites: Bool
    switch step.sharing {
    case .separate: return
    case .view(let input): (candidates, overwrites) = ([input], false)
    case .inPlace(let inputs): (candidates, overwrites) = (inputs, true)
    }
    for candidate in candidates where candidate < step.inputs.count {
      guard let input = step.inputs[candidate], tensors[input].byteCount == tensors[output].byteCount else { continue }
      let place = place(input)
      let shared = entries[place.storage].storage
      if overwrites {
        let isFree = shared.isTransient && shared.lastUse <= position
        let isHandedOn = shared.successor == output && shared.lastRead <= position
        guard shared.byteCount == tensors[output].byteCount, isFree || isHandedOn else { continue }
      } else {
        guard mayShow(output, shared, place.offset) else { continue }
      }
      put(output, at: place)
      return
    }
  }

  /// Outputs that are a block of an input.
  mutating func shareParts(of step: StorageAssignment.Step) {
    for block in step.blocks where block.target == 0 {
      guard let output = step.outputs[block.output], let input = step.inputs[block.input], !hasPlace(output),
        tensors[output].byteCount == block.byteCount, block.byteCount > 0
      else { continue }
      var place = place(input)
      place.offset += block.source
      let whole = entries[place.storage].storage
      guard mayShow(output, whole, place.offset),
        whole.byteCount <= StorageAssignment.longUseBytes
          || tensors[output].lastUse <= whole.lastUse + StorageAssignment.shortUse
      else { continue }
      put(output, at: place)
    }
  }

  /// Inputs that become a block of the output.
  mutating func join(_ step: StorageAssignment.Step, position: Int) {
    guard step.blocks.count > 1, let output = step.outputs[0], !hasPlace(output) else { return }
    for block in step.blocks where block.source == 0 && block.output == 0 {
      guard let input = step.inputs[block.input], tensors[input].byteCount == block.byteCount, block.byteCount > 0
      else { continue }
      let part = place(input)
      let storage = entries[part.storage].storage
      guard part.offset == 0, storage.byteCount == block.byteCount, storage.isTransient, storage.successor == nil,
        !hasPlace(output) || place(output).storage != part.storage, block.target % storage.alignment == 0,
        tensors[output].byteCount <= StorageAssignment.longUseBytes
          || position - storage.firstUse <= StorageAssignment.shortUse
      else { continue }
      let whole = place(output)
      entries[part.storage].parent = .init(storage: whole.storage, offset: block.target)
      entries[whole.storage].storage.extend(storage)
    }
  }

  /// Whether a tensor may show what lies in a storage.
  private func mayShow(_ tensor: Int, _ storage: StorageAssignment.Storage, _ offset: Int) -> Bool {
    // A graph output that is a view of a graph input would change with the caller's next input.
    (storage.isTransient || tensors[tensor].isTransient) && offset % tensors[tensor].alignment == 0
  }

  /// The storages that are left, and where each tensor lies in them.
  mutating func result() -> ([StorageAssignment.Storage], [StorageAssignment.Place]) {
    for tensor in tensors.indices { _ = place(tensor) }
    var numbers = [Int](repeating: -1, count: entries.count)
    var storages: [StorageAssignment.Storage] = []
    for index in entries.indices where entries[index].parent == nil {
      numbers[index] = storages.count
      storages.append(entries[index].storage)
    }
    return (storages, places.map { .init(storage: numbers[$0.storage], offset: $0.offset) })
  }
}

extension StorageAssignment.Storage {
  fileprivate init(_ tensor: StorageAssignment.Tensor) {
    self.init(
      byteCount: tensor.byteCount, firstUse: tensor.definition, lastUse: tensor.lastUse,
      isTransient: tensor.isTransient, successor: tensor.successor, lastRead: tensor.lastRead,
      alignment: tensor.alignment)
  }

  /// Takes in a tensor that is written when the storage is in use, or later.
  fileprivate mutating func extend(_ tensor: StorageAssignment.Tensor) {
    lastUse = max(lastUse, tensor.lastUse)
    lastRead = max(lastRead, tensor.lastUse)
    isTransient = isTransient && tensor.isTransient
    alignment = max(alignment, tensor.alignment)
  }

  /// Takes in another storage.
  fileprivate mutating func extend(_ storage: StorageAssignment.Storage) {
    firstUse = min(firstUse, storage.firstUse)
    lastUse = max(lastUse, storage.lastUse)
    lastRead = max(lastRead, storage.lastRead)
    alignment = max(alignment, storage.alignment)
  }
}
