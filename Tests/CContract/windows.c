// The contract test over a completion port, as a program of its own: `make test-iocp`.
#if defined(_WIN32)
#include "CContract.h"
#include "../../Sources/CIOCP/held.h"
#include "system.h"
#include <stdio.h>
#include <stdlib.h>

static ciocp *port;
// Registrations by name.
static ciocp_watch **watches;
static uint32_t capacity;

static int watch(void *context, int64_t socket, uint32_t name) {
  (void)context;
  if (name >= capacity) abort();
  return ciocp_register(port, (uint64_t)socket, name, &watches[name]);
}

static void unwatch(void *context, int64_t socket, uint32_t name) {
  (void)context, (void)socket;
  ciocp_unregister(port, watches[name]);
}

static void arm(void *context, uint32_t name, int direction) {
  (void)context;
  if (ciocp_arm(port, watches[name], name, direction) != 0) abort();
}

static int collect(void *context, int64_t nanoseconds, contract_report *reports) {
  (void)context;
  ciocp_report found[CIOCP_BATCH];
  int count = ciocp_collect(port, nanoseconds, found);
  if (count < 0) abort();
  for (int i = 0; i < count; i++) reports[i] = (contract_report){(uint32_t)found[i].tag, found[i].readable, found[i].writable};
  return count;
}

static void break_wait(void *context) {
  (void)context;
  ciocp_break(port);
}

static bool tell(const char *name, const char *outcome) {
  printf("contract: %s | %s\n", name, outcome);
  fflush(stdout);
  return true;
}

// The memory of a request is the kernel's until its packet was taken; then the watch is given back. A case of this backend alone.
static bool gives_all_back(void) {
  contract_report reports[CONTRACT_BATCH];
  int64_t end = now() + 2000000000;
  while (ciocp_held(port) > 0 && now() < end) collect(NULL, 10000000, reports);
  bool is_so = ciocp_held(port) == 0;
  tell("every watch comes back from the kernel", is_so ? "ok" : "FAILED: some are held for ever");
  return is_so;
}

int main(void) {
  capacity = 1 << 16;
  watches = calloc(capacity, sizeof *watches);
  if (!watches || ciocp_open(&port) != 0) {
    puts("no completion port");
    return 2;
  }
  contract_backend backend = {NULL, watch, unwatch, arm, collect, break_wait, false};
  int failed = contract_run(&backend, tell);
  return failed != 0 || !gives_all_back();
}
#endif
