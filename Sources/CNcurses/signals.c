// Signals that are read from a descriptor, and the one place where the screen's thread waits.
//
// The kernel may run a signal handler on any thread. ncurses' own handler of SIGWINCH, on another thread, would not wake the
// screen's. So the signals are blocked before other threads start, and read from a descriptor, like the keyboard.
#include "internal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t former_mask;
static bool is_blocked;

static sigset_t watched(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT};
  sigset_t set;
  sigemptyset(&set);
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
  return set;
}

void nc_block_signals(void) {
  if (is_blocked) return;
  sigset_t set = watched();
  is_blocked = pthread_sigmask(SIG_BLOCK, &set, &former_mask) == 0;
}

int32_t nc_open_signals(void) {
  sigset_t set = watched();
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int32_t nc_next_signal(int32_t signals) {
  struct signalfd_siginfo info;
  return read(signals, &info, sizeof info) == sizeof info ? (int32_t)info.ssi_signo : 0;
}

bool nc_has_signal(void) {
  static const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGTSTP};
  sigset_t pending;
  if (!is_blocked || sigpending(&pending) != 0) return false;
  for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
    if (sigismember(&pending, ends[i]) == 1) return true;
  return false;
}

void nc_close_signals(int32_t signals) {
  if (signals >= 0) close(signals);
  if (is_blocked) pthread_sigmask(SIG_SETMASK, &former_mask, NULL);
  is_blocked = false;
}

int32_t nc_wait(int32_t signals, int32_t wake, int32_t milliseconds) {
  struct pollfd fds[3] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}, {wake, POLLIN, 0}};
  if (poll(fds, 3, milliseconds) <= 0) return 0;
  int32_t ready = 0;
  if (fds[0].revents & POLLIN) ready |= NC_READY_INPUT;
  if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) ready |= NC_HUNG_UP;
  if (fds[1].revents) ready |= NC_READY_SIGNAL;
  if (fds[2].revents) ready |= NC_READY_WAKE;
  return ready;
}

// SIGTSTP and not SIGSTOP: the kernel ignores SIGTSTP when no shell is left that could continue us. The signal goes to the
// whole process group, as Ctrl-Z does. If only we stopped, the program that started us (sudo, a script) would wait for us, and
// the shell would not get the terminal back.
void nc_stop_self(void) {
  struct sigaction stop = {.sa_handler = SIG_DFL}, former;
  sigset_t only, mask;
  sigemptyset(&only);
  sigaddset(&only, SIGTSTP);
  sigaction(SIGTSTP, &stop, &former);
  kill(0, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &only, &mask);  // the process stops here
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  sigaction(SIGTSTP, &former, NULL);
}
