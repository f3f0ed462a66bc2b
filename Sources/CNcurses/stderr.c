// Standard error while the screen is up: kept in memory, and written to the terminal afterwards.
//
// Any code may write to descriptor 2: a library, or Swift's runtime at a trap. On the screen such text would spoil the
// picture, and ncurses would not know of it. And a crash message would vanish together with the alternate screen.
#include "internal.h"

#include <sys/mman.h>
#include <unistd.h>

static int real_stderr = -1, kept_stderr = -1;

void nc_keep_stderr(void) {
  if (real_stderr >= 0 || !isatty(STDERR_FILENO)) return;  // a file or a pipe does not disturb the picture
  kept_stderr = memfd_create("stderr", MFD_CLOEXEC);
  if (kept_stderr < 0) return;
  real_stderr = dup(STDERR_FILENO);
  dup2(kept_stderr, STDERR_FILENO);
}

// The crash handler calls this function too, so it is async-signal-safe.
void nc_replay_stderr(void) {
  if (real_stderr < 0) return;
  dup2(real_stderr, STDERR_FILENO);
  char text[1024];
  ssize_t got;
  for (off_t at = 0; (got = pread(kept_stderr, text, sizeof text, at)) > 0; at += got)
    (void)!write(STDERR_FILENO, text, (size_t)got);
  close(kept_stderr);
  close(real_stderr);
  real_stderr = kept_stderr = -1;
}
