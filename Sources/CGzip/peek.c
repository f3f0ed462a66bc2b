// The first bytes that can be read from a descriptor, which stay there. They tell what a stream is,
// packed or not, before it is read. Swift's Glibc has no tee(2).
#define _GNU_SOURCE
#include "CGzip.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

ptrdiff_t cgzip_peek(int descriptor, void *out, size_t room) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return -1;
  if (S_ISREG(status.st_mode)) return pread(descriptor, out, room, lseek(descriptor, 0, SEEK_CUR));
  if (S_ISSOCK(status.st_mode)) return recv(descriptor, out, room, MSG_PEEK);
  if (!S_ISFIFO(status.st_mode)) return -1;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  // tee(2) copies the bytes from pipe to pipe, and takes none out of the first.
  ssize_t count = tee(descriptor, ends[1], room, 0);
  if (count > 0) count = read(ends[0], out, (size_t)count);
  close(ends[0]);
  close(ends[1]);
  return count;
}
