// The seam at which tests make system calls fail: the n-th call of one kind, with one errno.
//
// Every wrapper of a system call in CMPG and CNet asks here before it enters the kernel. In a program that no test has
// armed that is one load of a word that nobody writes and a branch never taken, beside a system call.
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

/// From now on the calls number `first` (1: the next) to `first + times - 1` of this kind fail with `error`, on any
/// thread. Replaces what was armed before.
void cfault_arm(cfault_call call, int64_t first, int64_t times, int error);
/// No call fails from now on. How many did since it was armed.
int64_t cfault_disarm(void);
/// Calls of the armed kind so far, failed ones included.
int64_t cfault_calls(void);

extern _Atomic int cfault_armed;
/// The slow half of `cfault`.
int cfault_take(cfault_call call);

/// The errno that this call must fail with; 0: it goes to the kernel. Async-signal-safe.
static inline int cfault(cfault_call call) {
  return __builtin_expect(__c11_atomic_load(&cfault_armed, __ATOMIC_RELAXED) == (int)call, 0) ? cfault_take(call) : 0;
}
