#ifndef TFLITE_CKERNELS_CONTENT_HASH_H
#define TFLITE_CKERNELS_CONTENT_HASH_H

#include <stddef.h>
#include <stdint.h>

// 512 bits that depend on all of the bytes, the same on every instruction set: a quick hash for contents that nobody makes up to have the same one. Bytes
// that end in zeros and those without them may have the same hash: use it with the count.
void tflk_content_hash(const void *bytes, size_t count, uint64_t result[8]);

#endif
