// What the cases of the contract test share. contract.c has it, and says how the cases ask.
#pragma once
#include "CContract.h"
#include "system.h"
#include <stddef.h>

enum { READ = 0, WRITE = 1 };
enum { READABLE = 1, WRITABLE = 2 };

/// What was not so, in a case that has failed; NULL: all was so. Also "not here: " and "differs: ", as in CContract.h.
typedef const char *outcome;
#define EXPECT(condition, words) \
  do { \
    if (!(condition)) return words; \
  } while (0)

extern char bytes[1 << 18];

/// The backend's functions. `watch` makes up a new name.
int watch(sock s, uint32_t *name);
void unwatch(sock s, uint32_t name);
void arm(uint32_t name, int direction);
int collect(int64_t nanoseconds, contract_report *reports);
void break_wait(void);
/// Whether libkqueue stands between this backend and the system.
bool over_libkqueue(void);
/// The name that the next `watch` will make up.
uint32_t next_name(void);

/// Collects until `wanted` was reported of `name`, for so many milliseconds at most. Returns what was reported; in `count`, if
/// it is not NULL, how often.
int reported(uint32_t name, int wanted, int milliseconds, int *count);
/// Whether all of `wanted` is reported of `name`, within two seconds.
bool comes(uint32_t name, int wanted);
/// Whether nothing is reported of `name` for 30 ms, after reports for nothing have had their time.
bool grows_quiet(uint32_t name);
/// Reads all that there is. Returns how much; *end: as `sock_read` says at the end.
long drain(sock s, long *end);

/// A pair of sockets, of which `ours` is registered and has had its first reports.
typedef struct { sock ours, theirs; uint32_t name; } duo;
bool open_duo(duo *d);
void close_duo(duo *d);

outcome ready_when_registered(void);
outcome idle_is_quiet(void);
outcome reads(void);
outcome full_buffer(void);
outcome both_directions(void);
outcome half_close(void);
outcome data_and_end(void);
outcome reset(void);
outcome reset_is_told(void);
outcome reset_meets_writer(void);
outcome accepting(void);
outcome connecting(void);
outcome refused(void);
outcome not_to_be_watched(void);
outcome pipes(void);
outcome unregistered_is_silent(void);
outcome registered_again(void);
outcome close_reaches_peer(void);
outcome waits_its_time(void);
outcome broken_before(void);
outcome broken_by_another(void);
outcome broken_beside_a_look(void);
outcome thousand_sockets(void);
outcome closed_while_collected(void);
