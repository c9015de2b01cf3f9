#include "guarded.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#undef malloc
#undef calloc
#undef posix_memalign
#undef free

// A page with the size of the whole, one without access, the data, one without access.
void *guarded_malloc(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t data = (bytes + page - 1) / page * page, whole = data + 3 * page;
  uint8_t *base = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED || mprotect(base, page, PROT_READ | PROT_WRITE) != 0
      || (data > 0 && mprotect(base + 2 * page, data, PROT_READ | PROT_WRITE) != 0)) {
    perror("guarded memory");
    exit(1);
  }
  memcpy(base, &whole, sizeof whole);
  uint8_t *memory = base + 2 * page + data - bytes;
  return memset(memory, 0xFF, bytes);
}

void *guarded_calloc(size_t count, size_t bytes) { return memset(guarded_malloc(count * bytes), 0, count * bytes); }

int guarded_posix_memalign(void **memory, size_t alignment, size_t bytes) {
  *memory = guarded_malloc((bytes + alignment - 1) / alignment * alignment);
  return 0;
}

void guarded_free(void *memory) {
  if (memory == NULL) return;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uint8_t *base = (uint8_t *)memory - (uintptr_t)memory % page - 2 * page;
  size_t whole;
  memcpy(&whole, base, sizeof whole);
  munmap(base, whole);
}
