// Taking the terminal over and giving it back.
#include "internal.h"

#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

// This is declared here because <term.h> also defines macros such as `lines` and `columns`.
extern int setupterm(const char *, int, int *);
extern char *tigetstr(const char *);

volatile sig_atomic_t nc_is_up;
bool nc_has_color;
static bool uses_mouse;
static SCREEN *screen;

// Checks the terminal before newterm(). setupterm() returns an error for an unknown terminal; initscr() would end the process.
static int32_t check(const char *term) {
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return NC_NOT_A_TERMINAL;
  int error = 0;
  if (setupterm(term, STDOUT_FILENO, &error) != OK)
    return error == 1 ? NC_NO_CURSOR_ADDRESSING : NC_UNKNOWN_TERMINAL;
  const char *move = tigetstr("cup");
  return move && move != (char *)-1 ? NC_OPENED : NC_NO_CURSOR_ADDRESSING;
}

// Makes Ctrl-S, Ctrl-C, Ctrl-Z and Ctrl-\ plain keys. At Ctrl-S the kernel's line discipline would stop all output until
// Ctrl-Q. The other three would become signals even within a paste, where they are text. This must come after the calls by
// which ncurses sets up the line, since they would undo it.
static void set_line(void) {
  struct termios modes;
  if (tcgetattr(STDIN_FILENO, &modes) != 0) return;
  modes.c_iflag &= ~(tcflag_t)IXON;
  modes.c_cc[VINTR] = modes.c_cc[VSUSP] = modes.c_cc[VQUIT] = _POSIX_VDISABLE;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
  def_prog_mode();
}

static void set_modes(bool wants_color, bool wants_mouse) {
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);  // makes the terminal's keys send the sequences in terminfo
  leaveok(stdscr, TRUE);
  typeahead(-1);  // else ncurses would stop in the midst of a picture when a key waits
  set_line();
  curs_set(0);
  nc_has_color = wants_color && has_colors() && start_color() == OK;
  if (nc_has_color) use_default_colors();
  uses_mouse = wants_mouse;
  nc_enable_modes(uses_mouse);
}

int32_t nc_open(const char *term, bool wants_color, bool wants_mouse, nc_screen *result) {
  if (screen) return NC_REFUSED;
  setlocale(LC_ALL, "");
  int32_t problem = check(term);
  if (problem != NC_OPENED) return problem;
  nc_remember_restore(wants_mouse);
  screen = newterm(term, stdout, stdin);
  if (!screen) return NC_REFUSED;
  // Until endwin() was called once, ncurses takes us for a program that only moves the cursor, and writes to the terminal at
  // each move: some thirty writes a picture, each of which wakes the terminal emulator.
  endwin();
  nc_is_up = 1;
  static bool has_exit_hook;
  if (!has_exit_hook) has_exit_hook = atexit(nc_close) == 0;
  nc_keep_stderr();
  set_modes(wants_color, wants_mouse);
  result->colors = nc_has_color ? COLORS : 0;
  result->is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  nc_sync_size(&result->rows, &result->columns);
  return NC_OPENED;
}

void nc_close(void) {
  if (!screen) return;
  nc_disable_modes();
  if (nc_is_up) endwin();
  nc_is_up = 0;
  delscreen(screen);
  screen = NULL;
  nc_replay_stderr();
}

void nc_sync_size(int32_t *rows, int32_t *columns) {
  struct winsize window;
  bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row && window.ws_col;
  if (is_known && is_term_resized(window.ws_row, window.ws_col)) resize_term(window.ws_row, window.ws_col);
  *rows = LINES;
  *columns = COLS;
}

void nc_suspend(void) {
  def_prog_mode();
  nc_disable_modes();
  endwin();
  nc_is_up = 0;
  nc_replay_stderr();
  nc_stop_self();
  nc_keep_stderr();
  nc_is_up = 1;
  reset_prog_mode();
  nc_enable_modes(uses_mouse);
  curs_set(0);
  clearok(curscr, TRUE);
}
