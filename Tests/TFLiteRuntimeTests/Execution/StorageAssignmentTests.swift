import KernelTestSupport
import Kernels
import Testing

@testable import TFLiteRuntime

/// Which tensors share memory, checked by following bytes through a random program.
@Suite struct StorageAssignmentTests {
  struct Problem {
    var tensors: [StorageAssignment.Tensor] = []
    var steps: [StorageAssignment.Step] = []

    init(seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      let sizes = [0, 8, 16, 16, 64, StorageAssignment.longUseBytes + 64]
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        tensors.append(
          .init(definition: -1, lastUse: -1, byteCount: sizes.randomElement(using: &random) ?? 16, isTransient: false))
      }
      for position in 0..<Int.random(in: 0...20, using: &random) {
        var inputs = (0..<Int.random(in: 1...3, using: &random)).map { _ in
          Int.random(in: 0..<6, using: &random) == 0 ? nil : Int.random(in: tensors.indices, using: &random)
        }
        var outputBytes = [sizes.randomElement(using: &random) ?? 16]
        var sharing = OperandSharing.separate
        var blocks: [BlockCopy] = []
        switch Int.random(in: 0..<5, using: &random) {
        case 0: break
        case 1:
          // A view has the bytes of its input.
          sharing = .view(of: 0)
          if let first = inputs[0], Bool.random(using: &random) { outputBytes = [tensors[first].byteCount] }
        case 2:
          // Parts of the first input, one after the other, with something left out between them.
          inputs = [Int.random(in: tensors.indices, using: &random)]
          var start = 0
          outputBytes = []
          while outputBytes.count < 3 {
            start += 8 * Int.random(in: 0...1, using: &random)
            let bytes = min(8 * Int.random(in: 0...2, using: &random), tensors[inputs[0] ?? 0].byteCount - start)
            guard bytes >= 0 else { break }
            blocks.append(
              BlockCopy(input: 0, output: outputBytes.count, source: start, target: 0, byteCount: bytes))
            outputBytes.append(bytes)
            start += bytes
          }
          if outputBytes.isEmpty { (blocks, outputBytes) = ([], [8]) }
        case 3:
          // The inputs, one after the other.
          inputs = inputs.map { $0 ?? 0 }
          var start = 0
          for case (let index, let input?) in inputs.enumerated() {
            let bytes = tensors[input].byteCount
            blocks.append(BlockCopy(input: index, output: 0, source: 0, target: start, byteCount: bytes))
            start += bytes
          }
          outputBytes = [start]
        default:
          sharing = .inPlace([0, 1, 5])
          if let first = inputs[0], Bool.random(using: &random) { outputBytes = [tensors[first].byteCount] }
        }
        for case let input? in inputs { tensors[input].lastUse = position }
        let outputs = outputBytes.map { bytes -> Int in
          tensors.append(
            .init(
              definition: position, lastUse: position, byteCount: bytes, isTransient: true,
              alignment: [1, 4, 8].randomElement(using: &random) ?? 1))
          return tensors.count - 1
        }
        steps.append(.init(inputs: inputs, outputs: outputs, sharing: sharing, blocks: blocks))
      }
      for index in tensors.indices
      where tensors[index].definition < 0 || Int.random(in: 0..<5, using: &random) == 0 {
        tensors[index].lastUse = steps.count
        tensors[index].isTransient = false
      }
    }
  }

  /// Runs the program on storages whose every eighth byte holds the name of what was written there last, and expects each read to find its value.
  @Test func everyReadFindsItsValue() {
    var leftOut = 0
    for seed in 0..<4000 as Range<UInt64> {
      let problem = Problem(seed: seed)
      let assignment = StorageAssignment(tensors: problem.tensors, steps: problem.steps)
      for (tensor, place) in assignment.places.enumerated() {
        let whole = assignment.storages[place.storage]
        let part = problem.tensors[tensor]
        #expect(
          place.offset >= 0 && place.offset + part.byteCount <= whole.byteCount && whole.firstUse <= part.definition
            && whole.lastUse >= part.lastUse && place.offset % part.alignment == 0, "seed \(seed)")
      }
      var content = assignment.storages.map { [Int](repeating: -1, count: $0.byteCount / 8) }
      // Tensors are named by thousands; those of more than a few units are looked at in their first ones only.
      var value = problem.tensors.enumerated().map { tensor, description in
        (0..<min(description.byteCount / 8, 100)).map { tensor * 1000 + $0 }
      }
      func memory(_ tensor: Int) -> [Int] {
        let place = assignment.places[tensor]
        return value[tensor].indices.map { content[place.storage][place.offset / 8 + $0] }
      }
      func write(_ tensor: Int) {
        let place = assignment.places[tensor]
        for (index, unit) in value[tensor].enumerated() { content[place.storage][place.offset / 8 + index] = unit }
      }
      for (tensor, description) in problem.tensors.enumerated() where description.definition < 0 { write(tensor) }
      for step in problem.steps {
        for case let input? in step.inputs {
          #expect(memory(input) == value[input], "seed \(seed): tensor \(input)")
        }
        if case .view = step.sharing, let input = step.inputs[0], let output = step.outputs[0],
          assignment.places[input] == assignment.places[output]
        {
          value[output] = value[input]
        }
        for block in step.blocks {
          guard let input = step.inputs[block.input], let output = step.outputs[block.output] else { continue }
          for unit in 0..<block.byteCount / 8 {
            let (from, to) = (block.source / 8 + unit, block.target / 8 + unit)
            guard from < value[input].count, to < value[output].count else { continue }
            value[output][to] = value[input][from]
          }
        }
        if assignment.isInPlace(step) {
          leftOut += 1
          continue
        }
        for case let output? in step.outputs { write(output) }
      }
      for (tensor, description) in problem.tensors.enumerated() where !description.isTransient {
        #expect(memory(tensor) == value[tensor], "seed \(seed): output \(tensor)")
      }
      // The caller may write its inputs while it still reads the outputs.
      let inputs = Set(problem.tensors.indices.filter { problem.tensors[$0].definition < 0 })
      for (tensor, description) in problem.tensors.enumerated()
      where description.definition >= 0 && !description.isTransient && description.byteCount > 0 {
        #expect(
          !inputs.contains { assignment.places[$0].storage == assignment.places[tensor].storage },
          "seed \(seed): output \(tensor)")
      }
    }
    #expect(leftOut > 1000)
  }

  @Test func separateSharesNothing() {
    for seed in 0..<200 as Range<UInt64> {
      let problem = Problem(seed: seed)
      let assignment = StorageAssignment(tensors: problem.tensors, steps: problem.steps, separate: true)
      #expect(Set(assignment.places).count == problem.tensors.count)
      #expect(assignment.storages.allSatisfy { $0.firstUse == 0 && $0.lastUse == problem.steps.count })
    }
  }

  @Test func inPlaceSavesMemory() {
    let tensors = (-1..<3).map {
      StorageAssignment.Tensor(definition: $0, lastUse: $0 + 1, byteCount: 8, isTransient: $0 >= 0)
    }
    let steps = (0..<3).map { StorageAssignment.Step(inputs: [$0], outputs: [$0 + 1], sharing: .inPlace([0])) }
    // The input stays as it is; the others share.
    #expect(StorageAssignment(tensors: tensors, steps: steps).places.map(\.storage) == [0, 1, 1, 1])
  }

  /// Splitting a tensor, computing something of each part and joining the results copies nothing.
  @Test func partsAreNotCopied() {
    let sizes = [16, 8, 8, 8, 8, 16]
    let uses = [(-1, 0), (0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]
    let tensors = zip(sizes, uses).map {
      StorageAssignment.Tensor(definition: $1.0, lastUse: $1.1, byteCount: $0, isTransient: $1.0 >= 0)
    }
    let steps = [
      StorageAssignment.Step(
        inputs: [0], outputs: [1, 2], sharing: .separate,
        blocks: [
          BlockCopy(input: 0, output: 0, source: 0, target: 0, byteCount: 8),
          BlockCopy(input: 0, output: 1, source: 8, target: 0, byteCount: 8),
        ]),
      StorageAssignment.Step(inputs: [1], outputs: [3], sharing: .inPlace([0])),
      StorageAssignment.Step(inputs: [2], outputs: [4], sharing: .inPlace([0])),
      StorageAssignment.Step(
        inputs: [3, 4], outputs: [5], sharing: .separate,
        blocks: [
          BlockCopy(input: 0, output: 0, source: 0, target: 0, byteCount: 8),
          BlockCopy(input: 1, output: 0, source: 0, target: 8, byteCount: 8),
        ]),
    ]
    let assignment = StorageAssignment(tensors: tensors, steps: steps)
    #expect(steps.map { assignment.isInPlace($0) } == [true, false, false, true])
    #expect(assignment.places.map(\.offset) == [0, 0, 8, 0, 8, 0])
    #expect(assignment.places.map(\.storage) == [0, 0, 0, 1, 1, 1])
    #expect(assignment.storages.map(\.byteCount) == [16, 16])
  }
}
