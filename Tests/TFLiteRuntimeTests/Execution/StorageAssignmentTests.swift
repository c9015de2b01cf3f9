import KernelTestSupport
import Kernels
import Testing

@testable import TFLiteRuntime

/// Which tensors share memory, checked by following values through a random program.
@Suite struct StorageAssignmentTests {
  struct Problem {
    var tensors: [StorageAssignment.Tensor] = []
    var steps: [StorageAssignment.Step] = []

    init(seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      let sizes = [0, 16, 16, 64]
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        tensors.append(
          .init(definition: -1, lastUse: -1, byteCount: sizes.randomElement(using: &random) ?? 16, isTransient: false))
      }
      for position in 0..<Int.random(in: 0...20, using: &random) {
        let inputs = (0..<Int.random(in: 1...3, using: &random)).map { _ in
          Int.random(in: 0..<6, using: &random) == 0 ? nil : Int.random(in: tensors.indices, using: &random)
        }
        for case let input? in inputs { tensors[input].lastUse = position }
        let sharing: OperandSharing =
          switch Int.random(in: 0..<3, using: &random) {
          case 0: .separate
          case 1: .view(of: 0)
          default: .inPlace([0, 1, 5])
          }
        // A view has the bytes of its input.
        let first = inputs[0].map { tensors[$0].byteCount }
        let bytes = Bool.random(using: &random) ? first : nil
        tensors.append(
          .init(
            definition: position, lastUse: position, byteCount: bytes ?? sizes.randomElement(using: &random) ?? 16,
            isTransient: true))
        steps.append(.init(inputs: inputs, output: tensors.count - 1, sharing: sharing))
      }
      for index in tensors.indices
      where tensors[index].definition < 0 || Int.random(in: 0..<5, using: &random) == 0 {
        tensors[index].lastUse = steps.count
        tensors[index].isTransient = false
      }
    }
  }

  /// Runs the program on storages that hold the name of the value that was written last, and expects each read to find its value.
  @Test func everyReadFindsItsValue() {
    for seed in 0..<4000 as Range<UInt64> {
      let problem = Problem(seed: seed)
      let assignment = StorageAssignment(tensors: problem.tensors, steps: problem.steps)
      for (tensor, storage) in assignment.storage.enumerated() {
        let whole = assignment.storages[storage]
        let part = problem.tensors[tensor]
        #expect(
          whole.byteCount == part.byteCount && whole.firstUse <= part.definition && whole.lastUse >= part.lastUse,
          "seed \(seed)")
      }
      // The value of a view is that of its input.
      var value = Array(problem.tensors.indices)
      var content = [Int](repeating: -1, count: assignment.storages.count)
      for (tensor, description) in problem.tensors.enumerated() where description.definition < 0 {
        content[assignment.storage[tensor]] = tensor
      }
      for step in problem.steps {
        for case let input? in step.inputs {
          #expect(content[assignment.storage[input]] == value[input], "seed \(seed): tensor \(input)")
        }
        guard let output = step.output else { continue }
        if case .view = step.sharing, let input = step.inputs[0],
          assignment.storage[input] == assignment.storage[output]
        {
          value[output] = value[input]
        }
        content[assignment.storage[output]] = value[output]
      }
      for (tensor, description) in problem.tensors.enumerated() where !description.isTransient {
        #expect(content[assignment.storage[tensor]] == value[tensor], "seed \(seed): output \(tensor)")
      }
      // The caller may write its inputs while it still reads the outputs.
      for (tensor, description) in problem.tensors.enumerated()
      where description.definition >= 0 && !description.isTransient {
        let owner = problem.tensors.indices.first { assignment.storage[$0] == assignment.storage[tensor] }
        #expect(owner.map { problem.tensors[$0].definition >= 0 } == true, "seed \(seed): output \(tensor)")
      }
    }
  }

  @Test func separateSharesNothing() {
    for seed in 0..<200 as Range<UInt64> {
      let problem = Problem(seed: seed)
      let assignment = StorageAssignment(tensors: problem.tensors, steps: problem.steps, separate: true)
      #expect(Set(assignment.storage).count == problem.tensors.count)
      #expect(assignment.storages.allSatisfy { $0.firstUse == 0 && $0.lastUse == problem.steps.count })
    }
  }

  @Test func inPlaceSavesMemory() {
    let tensors = (-1..<3).map {
      StorageAssignment.Tensor(definition: $0, lastUse: $0 + 1, byteCount: 8, isTransient: $0 >= 0)
    }
    let steps = (0..<3).map { StorageAssignment.Step(inputs: [$0], output: $0 + 1, sharing: .inPlace([0])) }
    // The input stays as it is; the others share.
    #expect(StorageAssignment(tensors: tensors, steps: steps).storage == [0, 1, 1, 1])
  }
}
