internal import TensorTypes

/// What the accelerator takes, one row for each operator that its compiler can lower. Operators without a row always run elsewhere.
///
/// The rows were inferred from the verdicts of Qualcomm's partitioner (QNN SDK 2.51, HTP) on models and on synthetic sweeps; see
/// `docs/accelerator.md`. To correct the model of the accelerator, change a row.
enum CapabilityTable {
  static let rows: [OperatorRule] =
    unaryRows + activationRows + binaryRows + comparisonRows + productRows + poolingRows + reductionRows + movementRows
    + indexingRows + conversionRows + spatialRows

  private static let byOperator: [BuiltinOperator: OperatorRule] = Dictionary(
    rows.map { ($0.builtin, $0) }, uniquingKeysWith: { first, _ in first })

  static func row(_ builtin: BuiltinOperator) -> OperatorRule? { byOperator[builtin] }
}
