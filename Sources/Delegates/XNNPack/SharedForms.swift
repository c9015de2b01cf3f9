internal import Kernels
internal import Synchronization

/// What interpreters of one model share: packed operators and padded constants, each made once and kept for as long as somebody uses it.
///
/// Safe to use from several threads: who asks for something that another thread is making waits for it.
enum SharedForms {
  /// Something that is shared. It keeps its key's constants, so that no other constant can take their place meanwhile.
  final class Form<Value: Sendable>: Sendable {
    let value: Value
    private let key: OperatorKey
    private let place: Place

    fileprivate init(_ value: Value, _ key: OperatorKey, _ place: Place) {
      self.value = value
      self.key = key
      self.place = place
    }

    deinit { SharedForms.clear(key, place) }
  }

  /// Where a form is found for as long as it lives.
  fileprivate final class Place: Sendable {
    struct Content {
      weak var form: (any AnyObject & Sendable)?
    }
    let content = Mutex(Content())
  }

  private static let places = Mutex<[OperatorKey: Place]>([:])

  /// The form with this key, made by `make` when there is none.
  static func form<Value, E: Error>(
    _ key: OperatorKey, make: () throws(E) -> Value
  ) throws(E) -> Form<Value> {
    let place = places.withLock { places in
      if let place = places[key] { return place }
      let place = Place()
      places[key] = place
      return place
    }
    let result = place.content.withLock { content -> Result<Form<Value>, E> in
      if let form = content.form as? Form<Value> { return .success(form) }
      do throws(E) {
        let form = Form(try make(), key, place)
        content.form = form
        return .success(form)
      } catch {
        return .failure(error)
      }
    }
    if case .failure = result { clear(key, place) }
    return try result.get()
  }

  /// Forgets a place that is empty. One in which somebody makes a form at this moment is not.
  private static func clear(_ key: OperatorKey, _ place: Place) {
    // A form that is there is let go of outside of the locks, because that may be the end of it.
    let form = places.withLock { places -> (any AnyObject & Sendable)? in
      guard places[key] === place, let form = place.content.withLockIfAvailable({ $0.form }) else { return nil }
      if form == nil { places[key] = nil }
      return form
    }
    withExtendedLifetime(form) {}
  }

  /// The packed operators that were made of a constant and are in use, by their serial numbers.
  static func packedOperators(of constant: Constant) -> [Int] {
    let found = places.withLock { places in
      places.filter { $0.key.constants.contains { $0.constant === constant } }.map(\.value)
    }
    let forms = found.compactMap { place in place.content.withLock { $0.form } }
    return forms.compactMap { ($0 as? Form<PackedOperator>)?.value.serial }.sorted()
  }
}
