import Testing

/// Its tests are in the files of the single operators.
@Suite struct NonlinearityTests {}
