// See include/CFaults.h.
#include "CFaults.h"

#include <stdatomic.h>

/// The kind of call that is armed; CFAULT_NONE: none is.
_Atomic int cfault_armed = CFAULT_NONE;
static _Atomic int64_t calls, failures, first_failing, last_failing;
static _Atomic int error_number;

void cfault_arm(cfault_call call, int64_t first, int64_t times, int error) {
  atomic_store(&cfault_armed, CFAULT_NONE);
  atomic_store(&calls, 0);
  atomic_store(&failures, 0);
  atomic_store(&first_failing, first);
  atomic_store(&last_failing, first + times - 1);
  atomic_store(&error_number, error);
  atomic_store(&cfault_armed, call);
}

int64_t cfault_disarm(void) {
  atomic_store(&cfault_armed, CFAULT_NONE);
  return atomic_load(&failures);
}

int64_t cfault_calls(void) { return atomic_load(&calls); }

int cfault_take(cfault_call call) {
  if (atomic_load(&cfault_armed) != (int)call) return 0;
  int64_t number = atomic_fetch_add(&calls, 1) + 1;
  if (number < atomic_load(&first_failing) || number > atomic_load(&last_failing)) return 0;
  atomic_fetch_add(&failures, 1);
  return atomic_load(&error_number);
}
