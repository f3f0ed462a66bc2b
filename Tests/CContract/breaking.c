// How long a wait lasts, and that each break ends one.
#include "cases.h"
#include <stdatomic.h>

outcome waits_its_time(void) {
  contract_report reports[CONTRACT_BATCH];
  reported(0, 0, 5, NULL);
  for (int i = 0; i < 5; i++) {
    int64_t begin = now(), took;
    collect(20000000, reports);
    took = now() - begin;
    // A break of an earlier case may have ended the first wait.
    if (i) EXPECT(took >= 19000000, "a wait of 20 ms with no news lasts as long");
    EXPECT(took < 1000000000, "and no second");
  }
  int64_t begin = now();
  for (int i = 0; i < 10; i++) collect(0, reports);
  EXPECT(now() - begin < 500000000, "a look does not wait");
  return NULL;
}

outcome broken_before(void) {
  contract_report reports[CONTRACT_BATCH];
  for (int i = 0; i < 20; i++) {
    break_wait();
    collect(0, reports);  // a look must not take the break away
    int64_t begin = now();
    collect(4000000000, reports);
    EXPECT(now() - begin < 2000000000, "a break before the wait ends the wait at once");
  }
  return NULL;
}

static atomic_long asked, answered;
static atomic_bool stop;
static long breaks;

static void breaker(void *unused) {
  (void)unused;
  for (long i = 1; i <= breaks && !stop; i++) {
    atomic_store(&asked, i);
    break_wait();
    // Mostly as fast as it can; now and then it waits until the wait has ended, so that the next one begins anew.
    if (i % 61 == 0) {
      while (atomic_load(&answered) < i && !stop) {
      }
    }
  }
}

static void snatcher(void *unused) {
  (void)unused;
  contract_report reports[CONTRACT_BATCH];
  while (!stop) collect(0, reports);
}

// Waits, while another thread breaks the wait so often. Each break is news that this thread must see.
static outcome breaking(long count) {
  contract_report reports[CONTRACT_BATCH];
  thread t;
  breaks = count;
  atomic_store(&asked, 0), atomic_store(&answered, 0);
  EXPECT(thread_start(&t, breaker, NULL), "a thread");
  outcome found = NULL;
  while (atomic_load(&answered) < count && !found) {
    int64_t begin = now();
    collect(5000000000, reports);
    if (now() - begin > 3000000000) found = "each break ends a wait";
    atomic_store(&answered, atomic_load(&asked));
  }
  if (found) atomic_store(&stop, true);
  thread_join(t);
  atomic_store(&stop, false);
  return found;
}

outcome broken_by_another(void) { return breaking(100000); }

outcome broken_beside_a_look(void) {
  thread t;
  EXPECT(thread_start(&t, snatcher, NULL), "a thread");
  outcome found = breaking(3000);
  atomic_store(&stop, true);
  thread_join(t);
  atomic_store(&stop, false);
  return found;
}

