// The contract of netpoll's backends as a test: one program in C for all of them. On Linux `ContractTests.swift` runs it over
// each backend; under Windows' interface `windows.c` runs it over a completion port. What each case asks is in contract.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// A ready descriptor: the name with which it was registered, and what it is ready for.
typedef struct contract_report { uint32_t name; bool readable, writable; } contract_report;

/// The most reports that one `collect` stores.
enum { CONTRACT_BATCH = 64 };

/// A backend under test. Each function gets `context`. The test calls `collect` with a time only from the thread that called
/// `contract_run`: that thread plays the netpoll thread. All else comes from any thread. The meaning of each function is
/// in Sources/Runtime/Netpoll/Backend.swift.
typedef struct contract_backend {
  void *context;
  /// Registers an open socket under a name that no other registration has had. Returns 0, or an errno.
  int (*watch)(void *context, int64_t socket, uint32_t name);
  /// Ends that registration, while the socket is open.
  void (*unwatch)(void *context, int64_t socket, uint32_t name);
  /// Somebody has found that the socket is not ready, and is about to wait; direction 0: to read, 1: to write.
  void (*arm)(void *context, uint32_t name, int direction);
  /// Waits up to `nanoseconds` (0: not at all, < 0: without limit), and stores up to CONTRACT_BATCH reports.
  int (*collect)(void *context, int64_t nanoseconds, contract_report *reports);
  /// Ends the wait in `collect`, or else the next one.
  void (*break_wait)(void *context);
  /// Whether libkqueue does this backend's system calls by others. In doing so it changes what a socket says, which is then
  /// none of the backend's faults.
  bool is_over_libkqueue;
} contract_backend;

/// Runs all cases, each of which calls `tell` with its name and its outcome: "ok"; "not here: " and why the system lacks what
/// the case needs; "differs: " and what the system (not the backend) does otherwise; "FAILED: " and what was not so.
/// `tell` returns whether to go on. Returns how many have failed. Takes a few seconds.
int contract_run(const contract_backend *backend, bool (*tell)(const char *name, const char *outcome));
