#ifndef TFLITE_CKERNELS_PROCESSORS_H
#define TFLITE_CKERNELS_PROCESSORS_H

#include <stddef.h>

// The processors that this process may use; 1 where that is not known.
size_t tflk_available_processors(void);

#endif
