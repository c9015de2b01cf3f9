internal import Delegates
internal import TFLiteRuntime

/// What `inspect` and `benchmark` say about the accelerator: its compiler's answer and the estimate of the chip's time.
struct AcceleratorReport: Encodable {
  /// Seconds in microseconds; none of it is measured.
  struct Estimate: Encodable {
    let note: String
    let device: String
    let performanceMode: String
    let totalUs: Double
    let matrixUs: Double
    let vectorUs: Double
    let memoryUs: Double
    let callUs: Double
    let spilledBytes: Double

    init(_ estimate: AcceleratorEstimate, _ options: AcceleratorOptions) {
      note = "an estimate from a model of the chip, not measured; operators that run elsewhere are not in it"
      device = options.device.name
      performanceMode = options.performanceMode.rawValue
      totalUs = estimate.seconds * 1e6
      matrixUs = estimate.matrixSeconds * 1e6
      vectorUs = estimate.vectorSeconds * 1e6
      memoryUs = estimate.memorySeconds * 1e6
      callUs = estimate.callSeconds * 1e6
      spilledBytes = estimate.spilledBytes
    }

    var text: String {
      "estimate for \(device), \(performanceMode) (not measured): \((totalUs / 1000).text(3)) ms"
        + " = calls \((callUs / 1000).text(3)) ms and the slowest of matrix \((matrixUs / 1000).text(3)) ms, "
        + "vector \((vectorUs / 1000).text(3)) ms and memory \((memoryUs / 1000).text(3)) ms at each operator"
    }
  }

  /// An operator of a subgraph whose composites were replaced.
  struct InlinedOperator: Encodable {
    let op: String
    let delegate: String
    let reason: String
    /// Where it stands in the model.
    let subgraph: Int
    let index: Int
  }

  struct Inlined: Encodable {
    let subgraph: Int
    /// In the order that the partitions' positions count.
    let operators: [InlinedOperator]
  }

  /// Why nothing is delegated; nil when the compiler could read the model.
  let failure: String?
  /// What is known not to compile, although the partitioner takes it: on a device the model then runs elsewhere.
  let compileProblems: [String]
  let estimate: Estimate
  /// Subgraphs in which composites were replaced; partitions of these name positions in the lists here.
  let inlined: [Inlined]

  init(_ assessment: AcceleratorAssessment, _ options: AcceleratorOptions) {
    failure = assessment.failure
    compileProblems = assessment.compileProblems
    estimate = Estimate(assessment.estimate, options)
    inlined = assessment.subgraphs.filter(\.isInlined).map { graph in
      Inlined(
        subgraph: graph.index,
        operators: graph.operators.map { verdict in
          InlinedOperator(
            op: verdict.name, delegate: verdict.isAccepted ? "accelerator" : Placement.builtin,
            reason: verdict.refusal ?? "", subgraph: verdict.origin.subgraph, index: verdict.origin.index)
        })
    }
  }
}
