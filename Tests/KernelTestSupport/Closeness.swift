import Testing

/// Expects floats to be near: within `tolerance` of the largest expected magnitude, NaN where NaN is expected.
public func expectClose(
  _ actual: [Float], _ expected: [Float], tolerance: Float = 1e-6, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(actual.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let scale = max(expected.filter(\.isFinite).map(abs).max() ?? 0, 1e-30)
  for (index, (a, e)) in zip(actual, expected).enumerated() {
    let near = a == e || (a.isNaN && e.isNaN) || abs(a - e) <= tolerance * scale
    if !near {
      Issue.record("element \(index): \(a), expected \(e)", sourceLocation: sourceLocation)
      return
    }
  }
}
