/// A chip with a Hexagon processor, as far as the accelerator's model depends on it.
public struct DeviceProfile: Sendable, Hashable {
  /// The chip's name, such as `SM8650`; `dsp` for a Hexagon without tensor instructions.
  public let name: String
  public let architecture: Architecture
  /// Whether the processor computes in float16. Without it every operator on floats runs elsewhere.
  public internal(set) var hasFloat: Bool
  /// Bytes of tightly coupled vector memory.
  public let vectorMemoryBytes: Int
  /// Vector threads.
  public let vectorThreads: Int
  /// Whether the rules of TFLite's old Hexagon delegate apply: 8-bit operators only.
  public let isLegacy: Bool

  init(
    _ name: String, _ architecture: Architecture, hasFloat: Bool = true, vectorMemoryMegabytes: Int,
    vectorThreads: Int = 4, isLegacy: Bool = false
  ) {
    self.name = name
    self.architecture = architecture
    self.hasFloat = hasFloat
    vectorMemoryBytes = vectorMemoryMegabytes << 20
    self.vectorThreads = vectorThreads
    self.isLegacy = isLegacy
  }

  /// The chips that can be modelled.
  public static let all: [DeviceProfile] = [
    DeviceProfile("SM8350", .v68, vectorMemoryMegabytes: 4),
    DeviceProfile("SM8450", .v69, vectorMemoryMegabytes: 8),
    DeviceProfile("SM8550", .v73, vectorMemoryMegabytes: 8),
    DeviceProfile("SM8650", .v75, vectorMemoryMegabytes: 8),
    DeviceProfile("SM8750", .v79, vectorMemoryMegabytes: 8, vectorThreads: 6),
    DeviceProfile("SM7550", .v73, hasFloat: false, vectorMemoryMegabytes: 2, vectorThreads: 2),
    DeviceProfile("dsp", .v66, hasFloat: false, vectorMemoryMegabytes: 0, isLegacy: true),
  ]

  public static let `default` = named("SM8650") ?? all[0]

  /// The same chip where floats are not computed.
  var withoutFloat: DeviceProfile {
    var result = self
    result.hasFloat = false
    return result
  }

  /// The chip with this name, in capital or small letters; nil when it is not known.
  public static func named(_ name: String) -> DeviceProfile? {
    all.first { $0.name.lowercased() == name.lowercased() }
  }
}
