/// Calls of Linux that the soak needs and that Swift's import of the C library lacks: timers as descriptors, the number of
/// bytes that wait in a descriptor, and fork.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Makes the kernel kill this process when its parent ends, however it ends. Without its parent, nobody watches the work.
void csoak_end_with_parent(void);

/// Makes a timer of the monotonic clock. Returns its descriptor, which does not block, or -1 and sets errno.
int csoak_timer(void);

/// Sets the timer to go off once, so many nanoseconds from now (at least 1). Returns whether that succeeded.
bool csoak_timer_set(int fd, int64_t nanoseconds);

/// Number of bytes that wait in a descriptor to be read; or -1 and sets errno.
int csoak_waiting_bytes(int fd);

/// Forks, and the child runs `path` without arguments, as graceful restarts and CGI do. Between fork and exec the child makes
/// system calls only. Returns the child's process id, or -1 and sets errno. The child ends with 127 when `path` cannot be run.
int csoak_fork_exec(const char *path);

/// Forks, and the child ends by `exit(status)`, which runs the functions that the parent registered with `atexit`. Returns
/// the child's process id, or -1 and sets errno.
int csoak_fork_exit(int status);
