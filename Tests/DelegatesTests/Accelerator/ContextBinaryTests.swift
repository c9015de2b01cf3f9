import TFLiteRuntime
import Testing

@testable import Delegates

/// The file format alone: whatever happened to the bytes, they are either exactly what was written or refused.
@Suite struct ContextBinaryTests {
  private func key(_ seed: UInt8 = 1, architecture: Architecture = .v75) -> ContextBinary.Key {
    ContextBinary.Key(
      architecture: architecture, model: [UInt8](repeating: seed, count: 32),
      options: [UInt8](repeating: seed &+ 1, count: 32), partition: [UInt8](repeating: seed &+ 2, count: 32))
  }

  private let payload = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  private func refusal(_ bytes: [UInt8], _ key: ContextBinary.Key) -> ContextBinary.Rejection? {
    do throws(ContextBinary.Rejection) {
      _ = try ContextBinary(bytes, for: key)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [0, 1, 200]) func survivesAsItIs(count: Int) throws {
    let binary = ContextBinary(key: key(), payload: Array(payload[..<count]))
    #expect(binary.bytes.count == ContextBinary.headerBytes + count)
    #expect(try ContextBinary(binary.bytes, for: key()) == binary)
  }

  @Test func everyDamagedByteIsNoticed() {
    let bytes = ContextBinary(key: key(), payload: payload).bytes
    for position in bytes.indices {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = bytes
        damaged[position] ^= change
        #expect(refusal(damaged, key()) != nil, "byte \(position)")
      }
    }
  }

  @Test func everyLengthButTheRightOneIsNoticed() {
    let bytes = ContextBinary(key: key(), payload: payload).bytes
    for count in 0..<bytes.count { #expect(refusal(Array(bytes[..<count]), key()) != nil, "\(count) bytes") }
    #expect(refusal(bytes + [0], key()) == .truncated)
  }

  @Test func staleFilesAreRefusedWithTheirReason() {
    let bytes = ContextBinary(key: key(), payload: payload).bytes
    let current = key()
    func changed(
      architecture: Architecture = .v75, model: Bool = false, options: Bool = false, partition: Bool = false
    ) -> ContextBinary.Key {
      let other = [UInt8](repeating: 99, count: 32)
      return ContextBinary.Key(
        architecture: architecture, model: model ? other : current.model, options: options ? other : current.options,
        partition: partition ? other : current.partition)
    }
    #expect(refusal(bytes, changed(architecture: .v79)) == .architecture(75))
    #expect(refusal(bytes, changed(model: true)) == .otherModel)
    #expect(refusal(bytes, changed(options: true)) == .otherOptions)
    #expect(refusal(bytes, changed(partition: true)) == .otherPartition)
    #expect(refusal(bytes, current) == nil)
  }

  @Test func otherFormatsAreRefused() {
    #expect(refusal([], key()) == .notAContext)
    #expect(refusal(Array("TFL3 is something else altogether".utf8), key()) == .notAContext)
    var newer = Array(ContextBinary(key: key(), payload: payload).bytes)
    newer[8] = 2
    // With the header's checksum made anew, as a newer version would have it.
    let checksum = ContextBinary.headerBytes - 32
    newer.replaceSubrange(checksum..<checksum + 32, with: SHA256.hash(Array(newer[..<checksum])))
    #expect(refusal(newer, key()) == .formatVersion(2))
  }
}
