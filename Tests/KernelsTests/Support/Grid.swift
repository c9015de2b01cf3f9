/// A small dense tensor for oracles: every element is found by its coordinates, slowly.
struct Grid<Element> {
  var dimensions: [Int]
  var values: [Element]

  init(_ dimensions: [Int], _ value: ([Int]) -> Element) {
    self.dimensions = dimensions
    values = Self.coordinates(dimensions).map(value)
  }

  init(_ dimensions: [Int], values: [Element]) {
    self.dimensions = dimensions
    self.values = values
  }

  subscript(_ coordinates: [Int]) -> Element {
    var place = 0
    for (size, coordinate) in zip(dimensions, coordinates) {
      precondition(coordinate >= 0 && coordinate < size)
      place = place * size + coordinate
    }
    return values[place]
  }

  /// All coordinates in row-major order.
  static func coordinates(_ dimensions: [Int]) -> [[Int]] {
    var result: [[Int]] = [[]]
    for size in dimensions { result = result.flatMap { head in (0..<size).map { head + [$0] } } }
    return result
  }
}
