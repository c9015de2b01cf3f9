/// An estimate of how long a partition takes on the chip. Nothing in it is measured.
///
/// An operator takes as long as the slowest of matrix unit, vector units and memory; what is alive in a partition beyond the vector memory is
/// written to main memory and read back; each call costs a fixed time and time for its inputs and outputs.
public struct AcceleratorEstimate: Sendable, Hashable {
  /// Seconds on the matrix unit.
  public internal(set) var matrixSeconds = 0.0
  /// Seconds on the vector units.
  public internal(set) var vectorSeconds = 0.0
  /// Seconds of traffic with main memory: constants and what does not fit in the vector memory.
  public internal(set) var memorySeconds = 0.0
  /// Bytes that do not fit in the vector memory, written and read back.
  public internal(set) var spilledBytes = 0.0
  /// Seconds for calls from the CPU, inputs and outputs included.
  public internal(set) var callSeconds = 0.0
  /// Seconds for everything.
  public internal(set) var seconds = 0.0

  public init() {}

  mutating func add(_ other: AcceleratorEstimate) {
    matrixSeconds += other.matrixSeconds
    vectorSeconds += other.vectorSeconds
    memorySeconds += other.memorySeconds
    spilledBytes += other.spilledBytes
    callSeconds += other.callSeconds
    seconds += other.seconds
  }

  /// - Parameters:
  ///   - operators: a partition's operators in order, with the bytes of tensors that are alive while each runs.
  ///   - boundaryBytes: bytes of the partition's inputs and outputs.
  init(operators: [(work: OperatorWork, liveBytes: Double)], boundaryBytes: Double, options: AcceleratorOptions) {
    let costs = DeviceCosts.of(options.device)
    let clock = costs.clock * options.performanceMode.clockShare
    let threads =
      options.vectorThreads > 0
      ? min(options.vectorThreads, options.device.vectorThreads) : options.device.vectorThreads
    let vectorRate = clock * costs.vectorBytesPerCycle * Double(threads)
    let vectorMemory =
      options.vectorMemoryMegabytes > 0
      ? min(Double(options.vectorMemoryMegabytes) * 1_048_576, Double(options.device.vectorMemoryBytes))
      : Double(options.device.vectorMemoryBytes)
    // Without a matrix unit the vector units do its work, four products to each of their bytes' places.
    let matrixRate = costs.matrixProductsPerCycle > 0 ? clock * costs.matrixProductsPerCycle : vectorRate * 4
    for (work, liveBytes) in operators {
      let matrix = work.matrixProducts * work.matrixSlowdown / matrixRate
      let vector = work.vectorBytes / vectorRate
      let spilled = 2 * max(liveBytes - vectorMemory, 0)
      let memory = (work.constantBytes + spilled) / costs.memoryBandwidth
      matrixSeconds += matrix
      vectorSeconds += vector
      memorySeconds += memory
      spilledBytes += spilled
      seconds += max(matrix, vector, memory) + costs.operatorSeconds / options.performanceMode.clockShare
    }
    callSeconds = costs.callSeconds / options.performanceMode.clockShare + boundaryBytes / costs.callBandwidth
    seconds += callSeconds
  }
}
