// 1,000 sockets, and more than one thread that collects.
#include "cases.h"
#include <stdatomic.h>

enum { PAIRS = 500 };
static struct { sock ours, theirs; uint32_t name; atomic_flag busy; } many[PAIRS];
static uint32_t first_name;
static atomic_bool stop;

static outcome open_many(void) {
  EXPECT(allow_sockets(2 * PAIRS), "so many descriptors");
  first_name = next_name();
  for (int i = 0; i < PAIRS; i++) {
    atomic_flag_clear(&many[i].busy);
    EXPECT(sock_pair(&many[i].ours, &many[i].theirs), "1,000 sockets");
    EXPECT(watch(many[i].ours, &many[i].name) == 0, "are registered");
  }
  return NULL;
}

// What a G does when it is woken: it reads, echoes, and waits again. Several Ms may find one socket; one of them serves it.
static void echo(const contract_report *reports, int count) {
  char some[64];
  for (int i = 0; i < count; i++) {
    uint32_t index = reports[i].name - first_name;
    if (!reports[i].readable || index >= PAIRS) continue;
    while (atomic_flag_test_and_set(&many[index].busy)) {
    }
    long n;
    while ((n = sock_read(many[index].ours, some, sizeof some)) > 0) sock_write(many[index].ours, some, n);
    arm(many[index].name, READ);
    atomic_flag_clear(&many[index].busy);
  }
}

static void searching(void *unused) {
  (void)unused;
  contract_report reports[CONTRACT_BATCH];
  while (!stop) {
    echo(reports, collect(0, reports));
    pause_ms(0);
  }
}

static long echoed, rounds;

static void caller(void *unused) {
  (void)unused;
  bool lost = false;
  for (long round = 0; round < rounds && !lost; round++) {
    for (int i = 0; i < PAIRS; i++) sock_write(many[i].theirs, "x", 1);
    for (int i = 0; i < PAIRS && !lost; i++) {
      int64_t limit = now() + 5000000000;
      char c;
      while (sock_read(many[i].theirs, &c, 1) != 1 && now() < limit) pause_ms(0);
      lost = now() >= limit;
      echoed += !lost;
    }
  }
  stop = true;
  break_wait();
}

outcome thousand_sockets(void) {
  outcome found = open_many();
  if (found) return found;
  contract_report reports[CONTRACT_BATCH];
  thread other, peer;
  echoed = 0, rounds = 10;
  EXPECT(thread_start(&other, searching, NULL) && thread_start(&peer, caller, NULL), "threads");
  while (!stop) echo(reports, collect(100000000, reports));
  thread_join(peer), thread_join(other);
  stop = false;
  for (int i = 0; i < PAIRS; i++) {
    unwatch(many[i].ours, many[i].name);
    sock_close(many[i].ours);
    sock_close(many[i].theirs);
    if (i % 64 == 0) collect(0, reports);
  }
  // libkqueue 2.7.0 asks epoll for as many descriptors as there is room for events, and drops the rest when each has two.
  if (echoed < rounds * PAIRS && over_libkqueue()) return "differs: libkqueue loses news when its list of events is full";
  EXPECT(echoed == rounds * PAIRS, "no news is lost of 1,000 sockets, from which two threads collect");
  return NULL;
}

static void closer(void *unused) {
  (void)unused;
  for (int i = 0; i < PAIRS; i++) {
    unwatch(many[i].ours, many[i].name);
    sock_close(many[i].ours);
    sock_close(many[i].theirs);
  }
  stop = true;
  break_wait();
}

outcome closed_while_collected(void) {
  outcome found = open_many();
  if (found) return found;
  contract_report reports[CONTRACT_BATCH];
  for (int i = 0; i < PAIRS; i++) sock_write(many[i].theirs, "x", 1);
  thread t;
  EXPECT(thread_start(&t, closer, NULL), "a thread");
  while (!stop) collect(100000000, reports);
  thread_join(t);
  stop = false;
  int count = 0;
  int64_t end = now() + 30000000;
  while (now() < end) {
    int n = collect(10000000, reports);
    for (int i = 0; i < n; i++) count += reports[i].name >= first_name;
  }
  EXPECT(count == 0, "nothing is reported of 500 sockets that were closed while others collected");
  return NULL;
}

