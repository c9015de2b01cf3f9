/// A generation of the Hexagon processor.
public enum Architecture: Int, Sendable, Hashable, Comparable, CaseIterable {
  case v65 = 65
  case v66 = 66
  case v68 = 68
  case v69 = 69
  case v73 = 73
  case v75 = 75
  case v79 = 79

  public static func < (first: Architecture, second: Architecture) -> Bool { first.rawValue < second.rawValue }
}
