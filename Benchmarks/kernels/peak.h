/// The peak of one core: loops of independent multiply-adds that touch registers only.
#ifndef TFLITE_BENCHMARK_PEAK_H
#define TFLITE_BENCHMARK_PEAK_H

#include "CKernels.h"

/// Seconds of processor time of this thread: unlike time on the wall, not stretched by other work on the machine.
double seconds_now(void);

/// float32 operations (a multiply and an add are two) per second.
double measure_peak_f32(tflk_isa isa);

/// int8 operations per second with the instructions that the 8-bit kernels of `isa` use.
double measure_peak_int8(tflk_isa isa);

#endif
