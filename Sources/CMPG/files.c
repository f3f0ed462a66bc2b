// Opening files so that no name, and no link on the way, leads out of the folder; and reading from them.
#include "CMPG.h"
#include "CFaults.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// O_NONBLOCK: without it, opening a FIFO that nobody writes to would never return, and some devices would block as well.
enum { flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

static int open_at(int folder, const char *name, int how) {
  int fault = cfault(CFAULT_OPENAT);
  if (fault) return -fault;
  int fd = openat(folder, name, how);
  return fd >= 0 ? fd : -errno;
}

int mpg_open_file(const char *path) { return open_at(AT_FDCWD, path, flags); }

int mpg_open_folder(const char *path) { return open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC); }

// struct open_how and its constants, from linux/openat2.h, which older systems lack.
struct how { uint64_t flags, mode, resolve; };
enum { resolve_beneath = 0x08, resolve_no_magic_links = 0x02 };

static int open_in_kernel(int folder, const char *path) {
#ifdef SYS_openat2
  int fault = cfault(CFAULT_OPENAT2);
  if (fault) return -fault;
  struct how how = {flags, 0, resolve_beneath | resolve_no_magic_links};
  long fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
  return fd >= 0 ? (int)fd : -errno;
#else
  return (void)folder, (void)path, -ENOSYS;
#endif
}

int mpg_open_walking(int folder, const char *path) {
  char name[256];
  int at = folder;
  for (;;) {
    while (*path == '/') path++;
    size_t length = strcspn(path, "/");
    const char *rest = path + length + strspn(path + length, "/");
    int fd;
    if (length >= sizeof name) {
      fd = -ENAMETOOLONG;
    } else {
      memcpy(name, path, length);
      name[length] = 0;
      bool leaves = length == 0 || strcmp(name, "..") == 0;
      // Each component is opened relative to the folder just opened, without following a link. So nobody can put a link in
      // the place of a folder between a check and the opening.
      int how = *rest ? O_PATH | O_DIRECTORY | O_CLOEXEC : path[length] ? flags | O_DIRECTORY : flags;
      fd = leaves ? -EXDEV : open_at(at, name, O_NOFOLLOW | how);
    }
    if (at != folder) close(at);
    if (fd < 0 || !*rest) return fd;
    at = fd;
    path = rest;
  }
}

int mpg_open_beneath(int folder, const char *path) {
  // EAGAIN: something was renamed during the look-up, so the kernel cannot tell whether the path stays inside. Try again.
  int fd = -EAGAIN;
  for (int i = 0; i < 32 && fd == -EAGAIN; i++) fd = open_in_kernel(folder, path);
  // Only these two errors mean that openat2 cannot be used, so that we must walk along the path ourselves. ENOSYS: a
  // kernel before Linux 5.6. EPERM: a sandbox that does not know the call; openat2 itself gives no EPERM here.
  if (fd == -ENOSYS || fd == -EPERM) return mpg_open_walking(folder, path);
  return fd;
}

int64_t mpg_regular_size(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  return S_ISREG(status.st_mode) ? status.st_size : -EISDIR;
}

int64_t mpg_read_at(int fd, void *buffer, size_t size, int64_t offset) {
  for (;;) {
    int error = cfault(CFAULT_PREAD);
    if (!error) {
      ssize_t count = pread(fd, buffer, size, offset);
      if (count >= 0) return count;
      error = errno;
    }
    if (error != EINTR) return -error;
  }
}
