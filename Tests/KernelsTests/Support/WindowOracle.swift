/// Windows that slide over a grid, reduced one element after the other.
func reducedWindows<T>(
  _ x: Grid<T>, initial: T, window: [Int], strides: [Int], dilations: [Int], _ function: (T, T) -> T
) -> Grid<T> {
  let dimensions = x.dimensions.indices.map { axis -> Int in
    let reach = (window[axis] - 1) * dilations[axis] + 1
    return reach > x.dimensions[axis] ? 0 : (x.dimensions[axis] - reach) / strides[axis] + 1
  }
  return Grid(dimensions) { place in
    var result = initial
    for offset in Grid<T>.coordinates(window) {
      result = function(result, x[place.indices.map { place[$0] * strides[$0] + offset[$0] * dilations[$0] }])
    }
    return result
  }
}
