// Reading another process's memory, and finding bytes in what was read.
#include "CGoAttach.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

// The kernel's iovec has the form of a range: an address, and a number of bytes.
_Static_assert(sizeof(struct cgoattach_range) == sizeof(struct iovec), "a range is an iovec");

ssize_t cgoattach_readv(pid_t pid, void *buffer, size_t size, const struct cgoattach_range *ranges, size_t count) {
  struct iovec local = {buffer, size};
  ssize_t read = process_vm_readv(pid, &local, 1, (const struct iovec *)ranges, count, 0);
  return read < 0 ? -errno : read;
}

size_t cgoattach_find(const uint8_t *bytes, size_t count, size_t start, const uint8_t *needle, size_t needleCount) {
  if (start >= count) return count;
  const uint8_t *found = memmem(bytes + start, count - start, needle, needleCount);
  return found ? (size_t)(found - bytes) : count;
}
