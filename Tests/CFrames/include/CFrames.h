// Functions whose frames are large but hardly touched, for tests of the guards below stacks.
#pragma once
#include <stddef.h>

/// Uses the stack down to about `left` bytes above `low`, then calls a function that has a frame of `size` bytes and
/// touches only the lowest bytes of that frame. Returns if no guard stops it.
int cframes_leap(const char *low, long left, size_t size);
