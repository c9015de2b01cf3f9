import TFLiteRuntime

/// A list of buffers that is hard to pack, made from a seed.
struct PackingInstance {
  var name: String
  var buffers: [ArenaBuffer]
  /// A number of bytes into which the buffers are known to fit, because they were cut from a box of that height.
  var knownBytes: Int?
}

/// Makers of hard instances. Most cut a box of 1,048,576 bytes × 1,048,576 steps into rectangles without waste, so that the best plan has
/// exactly the height of the box.
enum PackingInstances {
  static let side = 1 << 20

  /// One instance of every style, with between 150 and 460 buffers.
  static func all(seed: UInt64) -> [PackingInstance] {
    [
      cut("even cuts, 160", 160, seed, skew: 1, horizontal: 0.5, grain: 1024),
      cut("even cuts, 300", 300, seed + 1, skew: 1, horizontal: 0.5, grain: 1024),
      cut("even cuts, 450", 450, seed + 2, skew: 1, horizontal: 0.5, grain: 1),
      cut("skewed cuts, 200", 200, seed + 3, skew: 3, horizontal: 0.5, grain: 1024),
      cut("skewed cuts, 400", 400, seed + 4, skew: 3, horizontal: 0.5, grain: 1),
      cut("long lives, 250", 250, seed + 5, skew: 2, horizontal: 0.7, grain: 1024),
      cut("short lives, 350", 350, seed + 6, skew: 2, horizontal: 0.3, grain: 1024),
      pinwheels("pinwheels, 220", 220, seed + 7, grain: 1024),
      pinwheels("pinwheels, 400", 400, seed + 8, grain: 64),
      thinned(cut("even cuts, 8 % removed", 300, seed + 9, skew: 1, horizontal: 0.5, grain: 1024), 0.08, seed + 9),
      thinned(cut("skewed cuts, 20 % removed", 400, seed + 10, skew: 3, horizontal: 0.6, grain: 1024), 0.2, seed + 10),
      shortened(cut("lives shortened", 300, seed + 11, skew: 2, horizontal: 0.5, grain: 1024), 0.3, seed + 11),
      layered("layers, 400", 400, seed + 12),
      random("random, similar sizes", 310, seed + 13, sizes: 32 << 10...110 << 10, length: 20...60, tail: 1),
      random("random, heavy tail", 400, seed + 14, sizes: 1 << 10...600 << 10, length: 5...1000, tail: 4)
    ]
  }

  private struct Box {
    var time: Range<Int>
    var bytes: Range<Int>
  }

  /// Cuts the box in two until there are `count` pieces, larger pieces first. `skew` above 1 makes cuts lopsided, `horizontal` is the
  /// share of cuts that divide bytes rather than time.
  static func cut(
    _ name: String, _ count: Int, _ seed: UInt64, skew: Int, horizontal: Double, grain: Int
  ) -> PackingInstance {
    var random = Generator(seed: seed)
    var boxes = [Box(time: 0..<side, bytes: 0..<side)]
    while boxes.count < count {
      let index = chooseLarge(boxes, &random)
      let box = boxes[index]
      let cutsBytes = random.fraction() < horizontal
      guard let position = cutPosition(cutsBytes ? box.bytes : box.time, skew, cutsBytes ? grain : 1024, &random) else {
        continue
      }
      boxes[index] =
        cutsBytes
        ? Box(time: box.time, bytes: box.bytes.lowerBound..<position)
        : Box(time: box.time.lowerBound..<position, bytes: box.bytes)
      boxes.append(
        cutsBytes
          ? Box(time: box.time, bytes: position..<box.bytes.upperBound)
          : Box(time: position..<box.time.upperBound, bytes: box.bytes))
    }
    return instance(name, boxes, &random)
  }

  /// Cuts pieces into five in the manner of a pinwheel, which no straight cuts produce.
  static func pinwheels(_ name: String, _ count: Int, _ seed: UInt64, grain: Int) -> PackingInstance {
    var random = Generator(seed: seed)
    var boxes = [Box(time: 0..<side, bytes: 0..<side)]
    while boxes.count < count {
      let index = chooseLarge(boxes, &random)
      let box = boxes[index]
      guard let t1 = cutPosition(box.time, 1, 1024, &random), let b1 = cutPosition(box.bytes, 1, grain, &random),
        let t2 = cutPosition(t1..<box.time.upperBound, 1, 1024, &random),
        let b2 = cutPosition(b1..<box.bytes.upperBound, 1, grain, &random)
      else { continue }
      boxes[index] = Box(time: box.time.lowerBound..<t2, bytes: box.bytes.lowerBound..<b1)
      boxes.append(Box(time: t2..<box.time.upperBound, bytes: box.bytes.lowerBound..<b2))
      boxes.append(Box(time: t1..<box.time.upperBound, bytes: b2..<box.bytes.upperBound))
      boxes.append(Box(time: box.time.lowerBound..<t1, bytes: b1..<box.bytes.upperBound))
      boxes.append(Box(time: t1..<t2, bytes: b1..<b2))
    }
    return instance(name, boxes, &random)
  }

  /// Slabs of bytes, each divided into its own run of lives, some of which are then divided again.
  static func layered(_ name: String, _ count: Int, _ seed: UInt64) -> PackingInstance {
    var random = Generator(seed: seed)
    var boxes: [Box] = []
    var start = 0
    while start < side {
      let height = min(side - start, 1024 * (1 + random.index(below: 60)))
      boxes.append(Box(time: 0..<side, bytes: start..<start + height))
      start += height
    }
    while boxes.count < count {
      let index = random.index(below: boxes.count)
      let box = boxes[index]
      guard let position = cutPosition(box.time, 1, 1024, &random) else { continue }
      boxes[index].time = box.time.lowerBound..<position
      boxes.append(Box(time: position..<box.time.upperBound, bytes: box.bytes))
    }
    return instance(name, boxes, &random)
  }

  /// Random lives and sizes, as many as fit under the load of the box. The best plan is not known.
  static func random(
    _ name: String, _ count: Int, _ seed: UInt64, sizes: ClosedRange<Int>, length: ClosedRange<Int>, tail: Int
  ) -> PackingInstance {
    var random = Generator(seed: seed)
    var loads = [Int](repeating: 0, count: 1000)
    var buffers: [ArenaBuffer] = []
    for _ in 0..<200_000 where buffers.count < count {
      var u = 1.0
      var v = 1.0
      for _ in 0..<tail {
        u *= random.fraction()
        v *= random.fraction()
      }
      let size = (sizes.lowerBound + Int(Double(sizes.upperBound - sizes.lowerBound) * u)) & ~1023
      let steps = min(1000, length.lowerBound + Int(Double(length.upperBound - length.lowerBound) * v))
      let first = random.index(below: 1001 - steps)
      if loads[first..<first + steps].allSatisfy({ $0 + size <= side }) {
        for step in first..<first + steps { loads[step] += size }
        buffers.append(ArenaBuffer(size: size, alignment: 1, firstUse: first, lastUse: first + steps - 1))
      }
    }
    return PackingInstance(name: name, buffers: buffers, knownBytes: nil)
  }

  static func thinned(_ instance: PackingInstance, _ share: Double, _ seed: UInt64) -> PackingInstance {
    var random = Generator(seed: seed ^ 0xABCD)
    var instance = instance
    instance.buffers.removeAll { _ in random.fraction() < share }
    return instance
  }

  static func shortened(_ instance: PackingInstance, _ share: Double, _ seed: UInt64) -> PackingInstance {
    var random = Generator(seed: seed ^ 0x1234)
    var instance = instance
    for index in instance.buffers.indices where random.fraction() < share {
      let length = instance.buffers[index].lastUse - instance.buffers[index].firstUse
      instance.buffers[index].lastUse -= random.index(below: length / 2 + 1)
    }
    return instance
  }

  /// The largest of a few pieces chosen at random.
  private static func chooseLarge(_ boxes: [Box], _ random: inout Generator) -> Int {
    var best = random.index(below: boxes.count)
    for _ in 0..<2 {
      let other = random.index(below: boxes.count)
      if boxes[other].time.count * boxes[other].bytes.count > boxes[best].time.count * boxes[best].bytes.count {
        best = other
      }
    }
    return best
  }

  private static func cutPosition(_ range: Range<Int>, _ skew: Int, _ grain: Int, _ random: inout Generator) -> Int? {
    guard range.count >= 2 * grain else { return nil }
    var u = 1.0
    for _ in 0..<skew { u *= random.fraction() }
    if random.fraction() < 0.5 { u = 1 - u }
    let position = (range.lowerBound + Int(Double(range.count) * u)) / grain * grain
    return min(max(position, range.lowerBound + grain), range.upperBound - grain)
  }

  private static func instance(_ name: String, _ boxes: [Box], _ random: inout Generator) -> PackingInstance {
    let buffers = boxes.map {
      ArenaBuffer(size: $0.bytes.count, alignment: 1, firstUse: $0.time.lowerBound, lastUse: $0.time.upperBound - 1)
    }
    return PackingInstance(name: name, buffers: buffers.shuffled(using: &random), knownBytes: side)
  }
}

/// A pseudorandom generator (xorshift64*) with a fixed sequence per seed.
struct Generator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }

  mutating func index(below count: Int) -> Int { Int(next() >> 11) % count }

  mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
