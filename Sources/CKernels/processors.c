#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "processors.h"

#include <sched.h>

size_t tflk_available_processors(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return (size_t)CPU_COUNT(&set);
#endif
  return 1;
}
