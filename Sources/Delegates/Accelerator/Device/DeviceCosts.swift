/// What a chip's work costs, for estimates. None of it was measured on a chip: see `docs/accelerator.md` for where the figures come from.
struct DeviceCosts: Sendable {
  /// Clock of the processor at its highest, in hertz.
  let clock: Double
  /// Multiplications with addition of 8-bit integers that the matrix unit does in a cycle; 0 without one.
  let matrixProductsPerCycle: Double
  /// Bytes that one vector thread works on in a cycle.
  let vectorBytesPerCycle: Double
  /// Bytes a second between the processor and main memory.
  let memoryBandwidth: Double
  /// Seconds for each call of a partition from the CPU and back, at the highest clock.
  let callSeconds: Double
  /// Bytes a second that a call's inputs and outputs are copied with.
  let callBandwidth: Double
  /// Seconds for starting an operator.
  let operatorSeconds: Double

  static func of(_ device: DeviceProfile) -> DeviceCosts {
    switch device.architecture {
    case .v65, .v66:
      DeviceCosts(
        clock: 1.0e9, matrixProductsPerCycle: 0, vectorBytesPerCycle: 128, memoryBandwidth: 15e9, callSeconds: 400e-6,
        callBandwidth: 4e9, operatorSeconds: 4e-6)
    case .v68:
      DeviceCosts(
        clock: 1.3e9, matrixProductsPerCycle: 8192, vectorBytesPerCycle: 128, memoryBandwidth: 25e9,
        callSeconds: 200e-6, callBandwidth: 8e9, operatorSeconds: 2e-6)
    case .v69:
      DeviceCosts(
        clock: 1.4e9, matrixProductsPerCycle: 8192, vectorBytesPerCycle: 128, memoryBandwidth: 30e9,
        callSeconds: 180e-6, callBandwidth: 8e9, operatorSeconds: 2e-6)
    case .v73:
      DeviceCosts(
        clock: 1.4e9, matrixProductsPerCycle: 16384, vectorBytesPerCycle: 128, memoryBandwidth: 40e9,
        callSeconds: 150e-6, callBandwidth: 10e9, operatorSeconds: 1.5e-6)
    case .v75:
      DeviceCosts(
        clock: 1.4e9, matrixProductsPerCycle: 16384, vectorBytesPerCycle: 128, memoryBandwidth: 45e9,
        callSeconds: 120e-6, callBandwidth: 10e9, operatorSeconds: 1.2e-6)
    case .v79:
      DeviceCosts(
        clock: 1.6e9, matrixProductsPerCycle: 16384, vectorBytesPerCycle: 128, memoryBandwidth: 55e9,
        callSeconds: 100e-6, callBandwidth: 12e9, operatorSeconds: 1e-6)
    }
  }
}

extension AcceleratorOptions.PerformanceMode {
  /// The clock as a part of the highest.
  var clockShare: Double {
    switch self {
    case .burst: 1
    case .sustainedHighPerformance, .highPerformance: 0.92
    case .default, .balanced: 0.75
    case .lowBalanced: 0.66
    case .highPowerSaver: 0.5
    case .powerSaver: 0.4
    case .lowPowerSaver: 0.3
    case .extremePowerSaver: 0.2
    }
  }
}
