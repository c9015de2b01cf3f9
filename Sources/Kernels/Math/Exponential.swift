internal import Glibc

/// `e^x` in double precision, for tables.
func exponentialOf(_ x: Double) -> Double { exp(x) }
