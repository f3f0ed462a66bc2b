// Code as a foreign compiler may build it: a large frame of which not every page is touched.
#include "CFrames.h"

static __attribute__((noinline)) int large(size_t size) {
  char *frame = __builtin_alloca(size);
  frame[0] = 1;
  __asm__ volatile("" ::"r"(frame) : "memory");
  return frame[0];
}

__attribute__((noinline)) int cframes_leap(const char *low, long left, size_t size) {
  char here[128];
  here[3] = 1;
  __asm__ volatile("" ::"r"(here) : "memory");
  if (here - low > left + (long)sizeof here) return cframes_leap(low, left, size) + here[3];
  return large(size) + here[3];
}
