import Evaluation
import TFLiteRuntime
import TensorFiles
import TensorTypes
import Testing

@Suite struct ClassifierEvaluationTests {
  private let scores: [Float] = [
    3, 2, 1, 0,
    0, 3, 2, 1,
    1, 1, 1, 1,
    0, .nan, 2, 1,
    0, 1, 2, 3,
  ]
  private let labels: [Int32] = [0, 2, 1, 1, 3]

  private func samples(_ labels: [Int32]? = nil) throws -> LabelledArrays {
    let archive = try archive([
      ("x", NumpyArray(scores, shape: [5, 4])), ("labels", NumpyArray(labels ?? self.labels, shape: [5])),
    ])
    return try LabelledArrays(archive, inputNames: [], pixels: PixelConversion())
  }

  @Test(arguments: [1, 2, 5, 8] as [Int32]) func `counts do not depend on the batch`(_ batch: Int32) throws {
    let model = try scoreModel(batch: batch)
    var calls: [Int] = []
    let evaluation = try ClassifierEvaluation([try candidate(model)], try samples()) { done, tallies in
      calls.append(done)
      #expect(tallies[0].samples == done)
    }
    #expect(evaluation.samples == 5)
    #expect(evaluation.classes == 4)
    #expect(evaluation.results[0].tally.top1 == 2)
    // Four classes are all among five, but for the one whose score is not a number.
    #expect(evaluation.results[0].tally.top5 == 4)
    #expect(evaluation.results[0].tally.withoutNumber == 1)
    #expect(calls.last == 5)
    #expect(evaluation.results[0].duration > .zero)
    #expect(evaluation.samplesPerSecond(evaluation.results[0]) > 0)
  }

  @Test func `every pair is compared`() throws {
    let model = try scoreModel()
    let candidates = try ["a", "b", "c"].map { try candidate(model, name: $0) }
    let evaluation = try ClassifierEvaluation(candidates, try samples(), limit: 3)
    #expect(evaluation.samples == 3)
    #expect(evaluation.agreements.map { $0.first + $0.second } == ["ab", "ac", "bc"])
    #expect(evaluation.agreements.allSatisfy { $0.agreement.same == 3 && $0.agreement.samples == 3 })
  }

  @Test func `labels may be shifted`() throws {
    let shifted = try samples(labels.map { $0 - 1 })
    let evaluation = try ClassifierEvaluation([try candidate(try scoreModel())], shifted, labelOffset: 1)
    #expect(evaluation.results[0].tally.top1 == 2)
  }

  @Test func `a label that is no class is an error`() throws {
    for (label, offset) in [(4, 0), (-1, 0), (3, 1), (3, Int.max)] {
      let error = #expect(throws: EvaluationError.self) {
        try ClassifierEvaluation(
          [try candidate(try scoreModel())], try samples([0, 0, 0, 0, Int32(label)]), labelOffset: offset)
      }
      #expect(error?.reason == .label)
    }
    let error = #expect(throws: EvaluationError.self) {
      try ClassifierEvaluation([try candidate(try scoreModel())], try samples([0, 7, 0, 0, 0]))
    }
    #expect(error?.description == "sample 1 has label 7; the output has classes 0 to 3")
  }

  @Test func `outputs must be scores`() throws {
    for output in [[1, 2, 2], [2, 2], [4, 1]] as [[Int32]] {
      let error = #expect(throws: EvaluationError.self) {
        try ClassifierEvaluation([try candidate(try scoreModel(output: output))], try samples())
      }
      #expect(error?.reason == .model)
    }
    for output in [[4], [1, 1, 1, 4], [1, 4, 1, 1]] as [[Int32]] {
      let evaluation = try ClassifierEvaluation([try candidate(try scoreModel(output: output))], try samples())
      #expect(evaluation.classes == 4)
    }
  }

  @Test func `nothing to do is an error`() throws {
    #expect(throws: EvaluationError.self) { try ClassifierEvaluation([], try samples()) }
    #expect(throws: EvaluationError.self) {
      try ClassifierEvaluation([try candidate(try scoreModel())], try samples(), limit: 0)
    }
  }

  @Test func `samples of another shape are an error`() throws {
    let error = #expect(throws: EvaluationError.self) {
      try ClassifierEvaluation([try candidate(try scoreModel(classes: 5))], try samples())
    }
    #expect(error?.reason == .dataset)
  }
}
