// Entering and leaving fibers: the switch of stacks, Swift's set of exclusive accesses, and calls that tell the sanitizers.
#include "CMPG.h"
#include <string.h>

void mpg_switch(void **save, void *to);
void mpg_fiber_start(void);

// libswiftCore exports these two functions for Swift's own tasks. A thread keeps a list of open exclusive accesses,
// whose nodes lie on the stack. A G that parks inside an access must take its part of the list along: the thread runs
// other Gs next.
void swift_task_enterThreadLocalContext(char *state);
void swift_task_exitThreadLocalContext(char *state);

#if __has_feature(thread_sanitizer)
#define MPG_TSAN 1
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
#elif __has_feature(address_sanitizer)
#define MPG_ASAN 1
#include <pthread.h>
#include <stdlib.h>
void __sanitizer_start_switch_fiber(void **fake_stack_save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake_stack_save, const void **bottom_old, size_t *size_old);
#endif

#if MPG_ASAN
// A stack as AddressSanitizer knows it. It is no part of mpg_fiber, so that fibers stay small in builds without sanitizers.
typedef struct { void *fake, *low; size_t size; } asan_stack;

static void *stack_of(void *low, size_t size) {
  asan_stack *stack = malloc(sizeof *stack);
  if (!stack) abort();
  *stack = (asan_stack){NULL, low, size};
  return stack;
}
#endif

// The functions around a switch are not instrumented. ThreadSanitizer keeps a call stack for each fiber, and a function
// that is entered on one stack and left on another would confuse it.
#if defined(MPG_TSAN) || defined(MPG_ASAN)
#define MPG_BARE __attribute__((disable_sanitizer_instrumentation))
#else
#define MPG_BARE
#endif

MPG_BARE static inline void before(mpg_fiber *from, mpg_fiber *to) {
#if MPG_TSAN
  __tsan_switch_to_fiber(to->sanitizer, 0);
#elif MPG_ASAN
  asan_stack *next = to->sanitizer;
  __sanitizer_start_switch_fiber(from ? &((asan_stack *)from->sanitizer)->fake : NULL, next->low, next->size);
#endif
  (void)from, (void)to;
}

MPG_BARE static inline void after(mpg_fiber *self) {
#if MPG_ASAN
  __sanitizer_finish_switch_fiber(((asan_stack *)self->sanitizer)->fake, NULL, NULL);
#endif
  (void)self;
}

// The first function on a new stack: tells the sanitizer that the switch is complete, then calls the entry.
typedef struct { void (*entry)(void *); void *argument; mpg_fiber *fiber; } start_record;

MPG_BARE static void first(void *raw) {
  start_record *record = raw;
#if MPG_ASAN
  __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
  record->entry(record->argument);
}

void mpg_fiber_prepare(mpg_fiber *fiber, void *low, size_t size, void (*entry)(void *), void *argument) {
  char *top = (char *)((uintptr_t)((char *)low + size) & ~(uintptr_t)63);
  top -= 64;
  start_record *record = (start_record *)top;
  *record = (start_record){entry, argument, fiber};
  fiber->access[0] = fiber->access[1] = NULL;
#if MPG_TSAN
  fiber->sanitizer = __tsan_create_fiber(0);
#elif MPG_ASAN
  fiber->sanitizer = stack_of(low, size);
#else
  fiber->sanitizer = NULL;
#endif
#if defined(__x86_64__)
  // The first frame of a fiber, from low to high: control words, r15, r14, r13 (argument), r12 (entry), rbx, rbp,
  // return address, padding.
  uint64_t *frame = (uint64_t *)top - 10;
  memset(frame, 0, 80);
  uint32_t mxcsr;
  uint16_t x87;
  __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
  frame[0] = mxcsr | (uint64_t)x87 << 32;
  frame[3] = (uint64_t)record;
  frame[4] = (uint64_t)first;
  frame[7] = (uint64_t)mpg_fiber_start + 1;  // behind its nop
#elif defined(__aarch64__)
  uint64_t *frame = (uint64_t *)top - 22;
  memset(frame, 0, 176);
  frame[0] = (uint64_t)first;   // becomes x19
  frame[1] = (uint64_t)record;  // becomes x20
  frame[11] = (uint64_t)mpg_fiber_start + 4;  // behind its nop
  __asm__ volatile("mrs %0, fpcr" : "=r"(frame[20]));
#else
#error "mpg_switch is written for x86-64 and aarch64"
#endif
  fiber->sp = frame;
}

void mpg_fiber_adopt(mpg_fiber *fiber) {
  memset(fiber, 0, sizeof *fiber);
#if MPG_TSAN
  fiber->sanitizer = __tsan_get_current_fiber();
#elif MPG_ASAN
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    void *low;
    size_t size;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    fiber->sanitizer = stack_of(low, size);
  } else {
    fiber->sanitizer = stack_of(NULL, 0);
  }
#endif
}

void mpg_fiber_retire(mpg_fiber *fiber) {
#if MPG_TSAN
  if (fiber->sanitizer) __tsan_destroy_fiber(fiber->sanitizer);
#elif MPG_ASAN
  free(fiber->sanitizer);
#endif
  fiber->sanitizer = NULL;
}

MPG_BARE void mpg_fiber_enter(mpg_fiber *scheduler, mpg_fiber *g) {
  swift_task_enterThreadLocalContext((char *)g->access);
  before(scheduler, g);
  mpg_switch(&scheduler->sp, g->sp);
  after(scheduler);
  swift_task_exitThreadLocalContext((char *)g->access);
}

MPG_BARE void mpg_fiber_leave(mpg_fiber *g, mpg_fiber *scheduler) {
  before(g, scheduler);
  mpg_switch(&g->sp, scheduler->sp);
  after(g);
}

MPG_BARE void mpg_fiber_exit(mpg_fiber *g, mpg_fiber *scheduler) {
  before(NULL, scheduler);
  mpg_switch(&g->sp, scheduler->sp);
  __builtin_unreachable();
}
