// The seam at which tests make system calls fail: the n-th call of one kind, with one errno.
//
// The wrappers of these system calls in CMPG and CNet ask `cfault` before they enter the kernel. As long as no test has armed
// a fault, that costs one load and a branch that is never taken, which is little beside a system call.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef enum cfault_call {
  CFAULT_NONE,
  CFAULT_ACCEPT4,
  CFAULT_RECV,
  CFAULT_SEND,
  CFAULT_EPOLL_CTL,
  CFAULT_EPOLL_WAIT,
  CFAULT_MMAP,
  CFAULT_MADVISE,
  CFAULT_MPROTECT,
  CFAULT_PTHREAD_CREATE,
  CFAULT_FALLOCATE,
  CFAULT_FUTEX_WAIT,
  CFAULT_EVENTFD_WRITE,
  CFAULT_OPENAT2,
  CFAULT_OPENAT,
  CFAULT_PREAD,
} cfault_call;

/// Counts calls of this kind from now on, on all threads. Those with the numbers `first` (1: the next) to
/// `first + times - 1` fail with `error`. Replaces what was armed before.
void cfault_arm(cfault_call call, int64_t first, int64_t times, int error);
/// Lets no call fail from now on. Returns how many failed since `cfault_arm`.
int64_t cfault_disarm(void);
/// The number of calls of the armed kind since `cfault_arm`, failed ones included.
int64_t cfault_calls(void);

extern _Atomic int cfault_armed;
/// The slow half of `cfault`, for calls of the armed kind.
int cfault_take(cfault_call call);

/// The errno with which this call must fail; 0: the call is to go to the kernel. Async-signal-safe.
static inline int cfault(cfault_call call) {
  return __builtin_expect(__c11_atomic_load(&cfault_armed, __ATOMIC_RELAXED) == (int)call, 0) ? cfault_take(call) : 0;
}
