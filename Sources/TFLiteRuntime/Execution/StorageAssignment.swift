internal import Kernels

/// Which tensors of a segment share memory, and how long each piece of memory is in use.
///
/// A storage is one piece of memory with one or more tensors: a view has its input's storage, and an operator that may work in place
/// takes over the storage of an input that nobody reads afterwards.
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
  }

  /// What a step asks for.
  struct Step {
    var inputs: [Int?]
    var output: Int?
    var sharing: OperandSharing
  }

  struct Storage {
    var byteCount: Int
    var firstUse: Int
    var lastUse: Int
    var isTransient: Bool
    var successor: Int?
    var lastRead: Int
  }

  private(set) var storages: [Storage] = []
  /// The storage of each tensor.
  private(set) var storage: [Int]

  /// - Parameters:
  ///   - tensors: all tensors that need memory; step operands are indices into it (nil for others, such as constants).
  ///   - steps: in execution order.
  ///   - separate: gives each tensor memory of its own for the whole time, so that all can be looked at afterwards.
  init(tensors: [Tensor], steps: [Step], separate: Bool = false) {
    storage = [Int](repeating: -1, count: tensors.count)
    for (index, tensor) in tensors.enumerated() where tensor.definition < 0 {
      storage[index] = storages.count
      storages.append(Storage(tensor))
    }
    for (position, step) in steps.enumerated() {
      guard let output = step.output, storage[output] < 0 else { continue }
      let tensor = tensors[output]
      if !separate, let shared = shareable(step, position: position, output: tensor, tensors: tensors) {
        storage[output] = shared
        storages[shared].lastUse = max(storages[shared].lastUse, tensor.lastUse)
        storages[shared].lastRead = max(storages[shared].lastRead, tensor.lastUse)
        storages[shared].isTransient = storages[shared].isTransient && tensor.isTransient
      }
    }
    for (index, tensor) in tensors.enumerated() where storage[index] < 0 {
      storage[index] = storages.count
      storages.append(Storage(tensor))
    }
    if separate {
      for index in storages.indices {
        storages[index].firstUse = 0
        storages[index].lastUse = steps.count
      }
    }
  }

  private mutating func shareable(_ step: Step, position: Int, output: Tensor, tensors: [Tensor]) -> Int? {
    let candidates: [Int]
    let overwrites: Bool
    switch step.sharing {
    case .separate: return nil
    case .view(let input): (candidates, overwrites) = ([input], false)
    case .inPlace(let inputs): (candidates, overwrites) = (inputs, true)
    }
    for candidate in candidates where candidate < step.inputs.count {
      guard let input = step.inputs[candidate], tensors[input].byteCount == output.byteCount, output.byteCount > 0
      else {
        continue
      }
      if storage[input] < 0 {
        // Its definition came earlier but was not shared: it gets its storage now.
        storage[input] = storages.count
        storages.append(Storage(tensors[input]))
      }
      let index = storage[input]
      let shared = storages[index]
      guard shared.byteCount == output.byteCount else { continue }
      if overwrites {
        let isFree = shared.isTransient && shared.lastUse <= position
        let isHandedOn = shared.successor == step.output && shared.lastRead <= position
        guard isFree || isHandedOn else { continue }
      } else if !shared.isTransient, !output.isTransient {
        // A graph output that is a view of a graph input would change with the caller's next input.
        continue
      }
      return index
    }
    return nil
  }
}

extension StorageAssignment.Storage {
  fileprivate init(_ tensor: StorageAssignment.Tensor) {
    self.init(
      byteCount: tensor.byteCount, firstUse: tensor.definition, lastUse: tensor.lastUse,
      isTransient: tensor.isTransient,
      successor: tensor.successor, lastRead: tensor.lastRead)
  }
}
