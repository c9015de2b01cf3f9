// The interface is its header.
#include "tflite_operator.h"
