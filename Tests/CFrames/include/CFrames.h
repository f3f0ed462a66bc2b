// Functions with large frames of which they touch little, for tests of what guards the stacks.
#pragma once
#include <stddef.h>

/// Uses the stack down to some `left` bytes above `low`, then calls a function with a frame of `size` bytes that touches
/// only the lowest ones. Returns if nothing stops it.
int cframes_leap(const char *low, long left, size_t size);
