internal import JSONText

extension ModelConfiguration {
  /// The configuration that a JSON document gives. Members that it leaves out keep their defaults; unknown ones are errors, since a
  /// misspelled limit is no limit.
  ///
  /// - Throws: ``ServingError`` that names the member.
  package init(json bytes: [UInt8]) throws(ServingError) {
    self.init()
    let document: JSONValue
    do throws(JSONError) { document = try JSONReader.document(bytes) } catch {
      throw ServingError(.invalidArgument, "configuration: \(error)")
    }
    guard let members = document.members else {
      throw ServingError(.invalidArgument, "configuration: expected an object")
    }
    for member in members { try apply(member) }
  }

  private mutating func apply(_ member: JSONValue.Member) throws(ServingError) {
    let name = member.name
    let value = member.value
    switch name {
    case "name", "platform", "backend":
      // Triton's configurations say these too; here the folder decides.
      _ = try value.text(name)
    case "delegate":
      let text = try value.text(name)
      guard let choice = DelegateChoice(rawValue: text) else {
        let known = DelegateChoice.allCases.map(\.rawValue).joined(separator: ", ")
        throw ServingError(.invalidArgument, "configuration: delegate '\(text)' is none of \(known)")
      }
      delegate = choice
    case "threads": threads = try value.count(name, 1...1024)
    case "instances": instances = try value.count(name, 1...1024)
    case "signature": signature = try value.text(name)
    case "max_batch_size": batching.maximumSize = try value.count(name, 0...65_536)
    case "dynamic_batching":
      batching.isDynamic = true
      for inner in value.members ?? [] {
        switch inner.name {
        case "preferred_batch_size":
          var sizes: [Int] = []
          for element in inner.value.array ?? [] { sizes.append(try element.count(inner.name, 1...65_536)) }
          batching.preferredSizes = sizes.sorted()
        case "max_queue_delay_microseconds":
          batching.maximumDelay = UInt64(try inner.value.count(inner.name, 0...60_000_000)) * 1000
        default: throw Self.unknown("dynamic_batching.\(inner.name)")
        }
      }
    case "max_queue_size": maximumQueueSize = try value.count(name, 1...1_000_000)
    case "default_timeout_milliseconds": defaultTimeout = .milliseconds(try value.count(name, 1...86_400_000))
    case "max_timeout_milliseconds": maximumTimeout = .milliseconds(try value.count(name, 1...86_400_000))
    case "warm_ups": warmUps = try value.count(name, 0...1000)
    case "version_policy": versions = try Self.versionPolicy(value)
    case "keeps_state":
      guard let flag = value.bool else {
        throw ServingError(.invalidArgument, "configuration: \(name) takes true or false")
      }
      keepsState = flag
    case "file_name":
      fileName = try value.fileName(name)
    case "labels":
      guard let members = value.members else {
        throw ServingError(.invalidArgument, "configuration: labels takes an object of outputs and file names")
      }
      labels = [:]
      for inner in members { labels[inner.name] = try inner.value.fileName("labels.\(inner.name)") }
    case "max_arena_bytes": maximumArenaBytes = try value.count(name, 1...(1 << 40))
    default: throw Self.unknown(name)
    }
    guard batching.preferredSizes.allSatisfy({ batching.maximumSize == 0 || $0 <= batching.maximumSize }) else {
      throw ServingError(.invalidArgument, "configuration: preferred_batch_size is above max_batch_size")
    }
  }

  private static func unknown(_ name: String) -> ServingError {
    ServingError(.invalidArgument, "configuration: unknown member '\(name)'")
  }

  private static func versionPolicy(_ value: JSONValue) throws(ServingError) -> VersionPolicy {
    guard let members = value.members, members.count == 1 else {
      throw ServingError(.invalidArgument, "configuration: version_policy takes one of latest, all, specific")
    }
    let policy = members[0]
    switch policy.name {
    case "latest":
      return .latest(try (policy.value["num_versions"] ?? policy.value).count("version_policy.latest", 1...1024))
    case "all": return .all
    case "specific":
      var versions: [Int] = []
      for element in (policy.value["versions"] ?? policy.value).array ?? [] {
        versions.append(try element.count("version_policy.specific", 1...Int.max))
      }
      return .specific(versions)
    default: throw unknown("version_policy.\(policy.name)")
    }
  }

  /// The versions to serve of those that are there.
  package func chosenVersions(of available: [Int]) -> [Int] {
    switch versions {
    case .latest(let count): Array(available.sorted().suffix(count))
    case .all: available.sorted()
    case .specific(let wanted): available.filter(wanted.contains).sorted()
    }
  }
}

extension JSONValue {
  fileprivate func count(_ name: String, _ range: ClosedRange<Int>) throws(ServingError) -> Int {
    guard let value = integer, range.contains(value) else {
      throw ServingError(
        .invalidArgument, "configuration: \(name) takes a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  fileprivate func text(_ name: String) throws(ServingError) -> String {
    guard let string else { throw ServingError(.invalidArgument, "configuration: \(name) takes a string") }
    return string
  }

  fileprivate func fileName(_ name: String) throws(ServingError) -> String {
    let text = try text(name)
    guard !text.isEmpty, !text.contains("/"), text != "..", text != "." else {
      throw ServingError(.invalidArgument, "configuration: \(name) '\(text)' is no file name")
    }
    return text
  }
}
