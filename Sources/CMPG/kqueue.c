// kqueue where the system has it. Elsewhere these functions fail with ENOSYS. They are weak there, so that the tests
// can replace them; and their names begin with mpg_, so that in a program with libkqueue `kqueue` is the library's.
#include "CMPG.h"
#include <errno.h>
#include <time.h>

#if defined(EV_SET)
bool mpg_has_kqueue(void) { return true; }
int mpg_kqueue(void) { return kqueue(); }

int mpg_kevent(int queue, const mpg_kevent_record *changes, int change_count, mpg_kevent_record *events, int event_count,
               int64_t nanoseconds) {
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return kevent(queue, changes, change_count, events, event_count, nanoseconds < 0 ? NULL : &limit);
}
#else
#define ABSENT __attribute__((weak))

ABSENT bool mpg_has_kqueue(void) { return false; }

ABSENT int mpg_kqueue(void) {
  errno = ENOSYS;
  return -1;
}

ABSENT int mpg_kevent(int queue, const mpg_kevent_record *changes, int change_count, mpg_kevent_record *events,
                      int event_count, int64_t nanoseconds) {
  (void)queue, (void)changes, (void)change_count, (void)events, (void)event_count, (void)nanoseconds;
  errno = ENOSYS;
  return -1;
}
#endif
