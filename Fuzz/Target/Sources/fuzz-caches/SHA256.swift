/// SHA-256 as FIPS 180-4 has it, to make changed files fit their checksums.
enum SHA256 {
  private static let constants: [UInt32] = {
    // The first 32 bits of the fractions of the cube roots of the first 64 primes.
    var primes: [Int] = []
    var candidate = 2
    while primes.count < 64 {
      if !primes.contains(where: { candidate % $0 == 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { prime in
      // The largest root with root^3 <= prime * 2^96, in whole numbers.
      var root: UInt64 = 0
      let target = (high: UInt64(prime) << 32, low: UInt64(0))
      for bit in stride(from: UInt64(35), through: 0, by: -1) {
        let next = root | 1 << bit
        let square = next.multipliedFullWidth(by: next)
        let low = square.low.multipliedFullWidth(by: next)
        let (high, overflow) = square.high.multipliedReportingOverflow(by: next)
        let (sum, carry) = high.addingReportingOverflow(low.high)
        guard !overflow, !carry else { continue }
        if sum < target.high || sum == target.high && low.low <= target.low { root = next }
      }
      return UInt32(truncatingIfNeeded: root)
    }
  }()

  static func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var state: [UInt32] = [
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    var message = Array(bytes)
    let length = UInt64(message.count) * 8
    message.append(0x80)
    while message.count % 64 != 56 { message.append(0) }
    for byte in 0..<8 { message.append(UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * byte))) }
    for start in stride(from: 0, to: message.count, by: 64) {
      var w = (0..<16).map { word in
        (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(message[start + 4 * word + $1]) }
      }
      func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 { value >> count | value << (32 - count) }
      for t in 16..<64 {
        let a = rotated(w[t - 15], 7) ^ rotated(w[t - 15], 18) ^ w[t - 15] >> 3
        let b = rotated(w[t - 2], 17) ^ rotated(w[t - 2], 19) ^ w[t - 2] >> 10
        w.append(w[t - 16] &+ a &+ w[t - 7] &+ b)
      }
      var s = state
      for t in 0..<64 {
        let e = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25)
        let choice = s[4] & s[5] ^ ~s[4] & s[6]
        let first = s[7] &+ e &+ choice &+ constants[t] &+ w[t]
        let a = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22)
        let second = a &+ (s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2])
        s = [first &+ second, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
      }
      for index in 0..<8 { state[index] = state[index] &+ s[index] }
    }
    return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
  }
}
