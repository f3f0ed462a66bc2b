// The contract of netpoll's backends, case by case. Sources/Runtime/Netpoll/Backend.swift has it in words.
//
// Reports may come early, late, and for nothing; a backend may only not omit one. So a case asks whether a direction is
// reported at all, and not how often. Two things are asked of the number: what has nothing new must grow quiet (a backend
// that goes on reporting would let Ms that search find the same socket for ever), and what was unregistered is never reported.
//
// A case waits as a G does: it tries its call first, and arms the direction only after the call has said "would block".
#include "cases.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const contract_backend *backend;
static uint32_t last_name;
char bytes[1 << 18];

int watch(sock s, uint32_t *name) {
  *name = ++last_name;
  return backend->watch(backend->context, (int64_t)s, *name);
}

void unwatch(sock s, uint32_t name) { backend->unwatch(backend->context, (int64_t)s, name); }
void arm(uint32_t name, int direction) { backend->arm(backend->context, name, direction); }

int collect(int64_t nanoseconds, contract_report *reports) {
  return backend->collect(backend->context, nanoseconds, reports);
}

void break_wait(void) { backend->break_wait(backend->context); }
bool over_libkqueue(void) { return backend->is_over_libkqueue; }
uint32_t next_name(void) { return last_name + 1; }

int reported(uint32_t name, int wanted, int milliseconds, int *count) {
  contract_report reports[CONTRACT_BATCH];
  int bits = 0, all = 0;
  int64_t end = now() + milliseconds * 1000000ll;
  while (1) {
    int64_t left = end - now();
    int n = collect(left > 0 ? left : 0, reports);
    for (int i = 0; i < n; i++) {
      if (reports[i].name != name) continue;
      bits |= (reports[i].readable ? READABLE : 0) | (reports[i].writable ? WRITABLE : 0);
      all++;
    }
    if (left <= 0 || (wanted && (bits & wanted) == wanted)) break;
  }
  if (count) *count = all;
  return bits;
}

bool comes(uint32_t name, int wanted) { return (reported(name, wanted, 2000, NULL) & wanted) == wanted; }

bool grows_quiet(uint32_t name) {
  int count;
  reported(name, 0, 20, NULL);
  reported(name, 0, 30, &count);
  return count == 0;
}

long drain(sock s, long *end) {
  long all = 0, n;
  while ((n = sock_read(s, bytes, sizeof bytes)) > 0) all += n;
  *end = n;
  return all;
}

bool open_duo(duo *d) {
  if (!sock_pair(&d->ours, &d->theirs) || watch(d->ours, &d->name) != 0) return false;
  return comes(d->name, WRITABLE);
}

void close_duo(duo *d) {
  unwatch(d->ours, d->name);
  sock_close(d->ours);
  sock_close(d->theirs);
}

// MARK: all

static const struct { const char *name; outcome (*run)(void); } cases[] = {
    {"what is ready when it is registered is reported", ready_when_registered},
    {"an idle socket grows quiet, armed once or twice", idle_is_quiet},
    {"each byte is reported to a reader that waits again", reads},
    {"a full buffer: no news to the writer until there is room", full_buffer},
    {"a reader and a writer of one socket both hear", both_directions},
    {"the end of one direction is reported, the other goes on", half_close},
    {"data and the end that come together are both read", data_and_end},
    {"a reset is reported to the reader", reset},
    {"after a reset the read says so", reset_is_told},
    {"a reset is reported to a writer that waits", reset_meets_writer},
    {"each connection is reported to who accepts", accepting},
    {"a connect that succeeds is reported", connecting},
    {"a connect that is refused is reported, and says why", refused},
    {"what cannot be waited for is refused", not_to_be_watched},
    {"both ends of a pipe", pipes},
    {"what is unregistered is not reported, though its news is under way", unregistered_is_silent},
    {"a socket is registered again at once, by a new name", registered_again},
    {"the other end of a closed socket learns of it", close_reaches_peer},
    {"a wait lasts its time, and a look none", waits_its_time},
    {"a break before the wait, with a look in between", broken_before},
    {"100,000 breaks by another thread", broken_by_another},
    {"3,000 breaks while a third thread looks all the time", broken_beside_a_look},
    {"1,000 sockets, two collectors, 5,000 echoes", thousand_sockets},
    {"500 sockets are closed while another thread collects", closed_while_collected},
};

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

int contract_run(const contract_backend *under_test, bool (*tell)(const char *name, const char *outcome)) {
  backend = under_test;
  int failed = 0;
  bool goes_on = true;
  for (unsigned i = 0; i < sizeof cases / sizeof *cases && goes_on; i++) {
    outcome found = cases[i].run();
    char words[200];
    if (!found) found = "ok";
    bool is_so = begins(found, "ok") || begins(found, "not here: ") || begins(found, "differs: ");
    snprintf(words, sizeof words, "%s%s", is_so ? "" : "FAILED: not so: ", found);
    failed += !is_so;
    goes_on = tell(cases[i].name, words);
  }
  return failed;
}
