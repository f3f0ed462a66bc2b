/// What the soak needs of Linux that Swift does not see: timers and pipes as descriptors, and fork.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Has this process killed when the one that started it is gone, whatever ended it: nobody would watch the work.
void csoak_end_with_parent(void);

/// A timer of the monotonic clock as a descriptor that does not block; -1: there is none, see errno.
int csoak_timer(void);

/// Sets it to go off once, so many nanoseconds from now (at least 1).
bool csoak_timer_set(int fd, int64_t nanoseconds);

/// Bytes that wait to be read; -1: see errno.
int csoak_waiting_bytes(int fd);

/// Forks, and has the child run `path` without arguments, as graceful restarts and CGI do: between the two the child
/// touches nothing but the system. Its process id, or -1: see errno. The child ends with 127 when `path` cannot be run.
int csoak_fork_exec(const char *path);

/// Forks, and has the child end by `exit`, which runs what the parent registered for its own end. Its process id, or -1:
/// see errno. The child ends with `status`.
int csoak_fork_exit(int status);
