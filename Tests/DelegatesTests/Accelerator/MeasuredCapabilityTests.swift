import Foundation
import TensorTypes
import Testing

@testable import Delegates

/// The table against what sweeps over datatypes and ranks measured: for each operator the datatypes that are taken, with the largest rank.
@Suite struct MeasuredCapabilityTests {
  private static let path: String? = {
    guard let folder = ProcessInfo.processInfo.environment["TFLITE_CORPUS"], !folder.isEmpty else { return nil }
    return folder + "/qnn/capabilities.json"
  }()

  /// Operators whose data are not the row's first column, or depend on more than datatype and rank.
  private static let others: Set<String> = ["SELECT", "SELECT_V2", "SCATTER_ND", "PACK"]
  /// Operators that were measured with fewer datatypes than the library's own tables have.
  private static let partlyMeasured: Set<String> = ["ARG_MAX", "ARG_MIN", "BATCH_MATMUL", "TRANSPOSE_CONV"]

  @Test(.enabled(if: path != nil, "TFLITE_CORPUS names no folder")) func rowsAreWhatWasMeasured() throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: try #require(Self.path)))
    let measured = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [String: [Int]]])
    #expect(measured.count > 80)
    for (name, types) in measured where !Self.others.contains(name) {
      guard let row = CapabilityTable.rows.first(where: { $0.builtin.name == name }) else {
        #expect(types.isEmpty, "\(name) has no row")
        continue
      }
      var seen: Datatypes = []
      for (type, ranks) in types {
        let datatype = try #require(Datatype.allCases.first { "\($0)" == type })
        seen.formUnion(Datatypes(rawValue: 1 << UInt32(datatype.rawValue)))
        let ranked = row.data.first { $0.types.contains(datatype) }
        #expect(ranked?.ranks.contains(max(ranks[1], 1)) == true, "\(name) of \(type) and rank \(ranks[1])")
      }
      guard !Self.partlyMeasured.contains(name) else { continue }
      for datatype in Datatype.allCases where !seen.contains(datatype) {
        #expect(!row.data.contains { $0.types.contains(datatype) }, "\(name) of \(datatype) was not taken")
      }
    }
  }
}
