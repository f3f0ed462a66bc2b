// A program to be walked through by a debugger (walk.py): a thread enters a fiber for the first time, which leaves it, is entered
// again, and leaves it again. The callers of the switch are functions of their own, so that a walk can name them.
#include "CMPG.h"
#include <stdlib.h>

void swift_task_enterThreadLocalContext(char *state) { (void)state; }
void swift_task_exitThreadLocalContext(char *state) { (void)state; }

static mpg_fiber host, guest;
static char stack[64 * 1024] __attribute__((aligned(4096)));

static __attribute__((noinline)) int in_fiber(int depth) {
  mpg_fiber_leave(&guest, &host);
  return depth + 1;
}

static __attribute__((noinline)) void body(void *argument) {
  int *count = argument;
  for (;;) *count += in_fiber(*count);
}

static __attribute__((noinline)) int in_thread(int depth) {
  mpg_fiber_enter(&host, &guest);
  return depth + 1;
}

int main(void) {
  static int count;
  mpg_fiber_adopt(&host);
  mpg_fiber_prepare(&guest, stack, sizeof stack, body, &count);
  int depth = in_thread(0);
  depth = in_thread(depth);
  return depth == 2 && count >= 0 ? 0 : 1;
}
