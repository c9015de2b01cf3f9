internal import Glibc

/// The time as HTTP's header `Date` has it, written anew once a second.
struct HTTPDate {
  private var second = Int.min
  private var text = ""

  /// The time now.
  var now: String {
    mutating get {
      var time = timespec()
      unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
      if time.tv_sec != second {
        second = time.tv_sec
        text = Self.text(second)
      }
      return text
    }
  }

  /// `Sun, 06 Nov 1994 08:49:37 GMT`.
  ///
  /// - Parameter seconds: since 1970.
  static func text(_ seconds: Int) -> String {
    var seconds = seconds
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    func padded(_ value: Int32, _ width: Int = 2) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
    }
    let day = unsafe days[Int(parts.tm_wday)]
    let month = unsafe months[Int(parts.tm_mon)]
    let date = unsafe "\(padded(parts.tm_mday)) \(month) \(padded(parts.tm_year + 1900, 4))"
    return unsafe "\(day), \(date) \(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec)) GMT"
  }

  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
