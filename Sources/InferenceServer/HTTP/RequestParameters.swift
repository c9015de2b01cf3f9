internal import JSONText

/// The `parameters` of a request, an input or an output over HTTP.
struct RequestParameters {
  private let value: JSONValue?
  private let owner: String

  init(_ value: JSONValue?, of owner: String) throws(ServingError) {
    guard value == nil || value?.members != nil else {
      throw ServingError(.invalidArgument, "Unable to parse 'parameters' of \(owner): expected an object")
    }
    self.value = value
    self.owner = owner
  }

  func flag(_ name: String) throws(ServingError) -> Bool? {
    guard let found = value?[name] else { return nil }
    guard let flag = found.bool else {
      throw ServingError(.invalidArgument, "Unable to parse '\(name)' of \(owner): expected true or false")
    }
    return flag
  }

  func count(_ name: String) throws(ServingError) -> Int? {
    guard let found = value?[name] else { return nil }
    guard let count = found.integer, count >= 0 else {
      throw ServingError(.invalidArgument, "Unable to parse '\(name)' of \(owner): expected a whole number, 0 or more")
    }
    return count
  }

  func text(_ name: String) throws(ServingError) -> String? {
    guard let found = value?[name] else { return nil }
    guard let text = found.string else {
      throw ServingError(.invalidArgument, "Unable to parse '\(name)' of \(owner): expected a string")
    }
    return text
  }

  /// In microseconds; 0 and none mean the model's own.
  var timeout: Duration? {
    get throws(ServingError) {
      guard let microseconds = try count("timeout"), microseconds > 0 else { return nil }
      return .microseconds(min(microseconds, 86_400_000_000))
    }
  }

  /// Says that an extension is missing rather than answer something else than was asked.
  ///
  /// - Throws: ``ServingError`` `unsupported` where one of these parameters says something.
  func refuse(_ names: [String]) throws(ServingError) {
    for name in names where value?[name]?.isSet == true {
      throw ServingError(.unsupported, "parameter '\(name)' of \(owner) is not supported")
    }
  }
}

extension JSONValue {
  /// Whether it says something: clients send 0, false and "" for what they do not use.
  fileprivate var isSet: Bool {
    switch self {
    case .null, .bool(false), .integer(0), .string(""): false
    default: true
    }
  }
}
