// When the program dies by a signal: puts the terminal back as it was found, and shows what was written to stderr.
//
// The handler may make system calls only. So everything that it needs is prepared beforehand, as strings and numbers.
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

extern char *tigetstr(const char *);

static char restore_text[256];
static size_t restore_length;
static struct termios former_modes;
static bool has_former_modes;
static struct sigaction former_actions[NSIG];

// Adds a terminfo string without its delays, such as `$<5>`: only tputs() understands them, a terminal would show them.
static void append(const char *text) {
  if (!text || text == (char *)-1) return;
  while (*text && restore_length < sizeof restore_text) {
    const char *delay_end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;
    if (delay_end) text = delay_end + 1;
    else restore_text[restore_length++] = *text++;
  }
}

void nc_remember_restore(bool has_mouse) {
  has_former_modes = tcgetattr(STDOUT_FILENO, &former_modes) == 0;
  restore_length = 0;
  if (has_mouse) append("\033[?1006l\033[?1000l");
  if (nc_understands_sequences()) append("\033[?2004l");
  append(tigetstr("sgr0"));
  append(tigetstr("rmkx"));
  append(tigetstr("cnorm"));
  append(tigetstr("rmcup"));
}

static void give_back(int number, siginfo_t *info, void *context) {
  (void)context;
  if (nc_is_up) {
    nc_is_up = 0;
    if (nc_is_synchronized) (void)!write(STDOUT_FILENO, "\033[?2026l", 8);
    (void)!write(STDOUT_FILENO, restore_text, restore_length);
    if (has_former_modes) tcsetattr(STDOUT_FILENO, TCSANOW, &former_modes);
    nc_replay_stderr();
  }
  sigaction(number, &former_actions[number], NULL);
  // The instruction that caused the fault runs again on return. It faults again, at the address that a backtracer needs.
  bool is_fault = number == SIGSEGV || number == SIGILL || number == SIGBUS || number == SIGFPE;
  bool faults_again = info->si_code > 0 && is_fault;
  if (faults_again) return;
  raise(number);
  // The handler that was installed before ours may return, as Swift's backtracer does. The process must end all the
  // same, so the default action follows.
  signal(number, SIG_DFL);
  raise(number);
}

void nc_guard_against_crash(void) {
  static bool is_guarded;
  if (is_guarded) return;
  is_guarded = true;
  enum { STACK = 64 * 1024 };
  stack_t stack = {.ss_sp = malloc(STACK), .ss_size = STACK};  // lives as long as the process
  if (stack.ss_sp) sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = give_back, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  // These signals are faults, limits that are reached, and signals that other processes may send. SIGXFSZ is
  // not among them: it is ignored, and the write returns an error. The other signals are read from a
  // descriptor (signals.c), or cannot be caught.
  static const int numbers[] = {SIGSEGV,  SIGILL,  SIGTRAP, SIGABRT, SIGBUS,    SIGFPE,  SIGQUIT, SIGSYS,   SIGXCPU,
                                SIGUSR1,  SIGUSR2, SIGALRM, SIGPROF, SIGVTALRM, SIGPOLL, SIGPWR,  SIGSTKFLT};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (sigaction(numbers[i], NULL, &former_actions[numbers[i]]) == 0 &&
        former_actions[numbers[i]].sa_handler != SIG_IGN)
      sigaction(numbers[i], &action, NULL);
}
