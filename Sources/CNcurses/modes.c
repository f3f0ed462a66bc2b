// Modes that make a terminal send more than keys: the mouse's buttons (1000), with coordinates of any size (1006),
// and marks before and after pasted text (2004). Without these marks pasted text would act as keys. What the terminal
// then sends is read with the keys.
#include "internal.h"

#include <string.h>
#include <unistd.h>

extern char *tigetstr(const char *);

static bool has_mouse, has_brackets;

static const char *text(const char *name) {
  const char *found = tigetstr(name);
  return found && found != (char *)-1 ? found : NULL;
}

static void say(const char *modes) { (void)!write(STDOUT_FILENO, modes, strlen(modes)); }

// Whether the terminal moves its cursor by a sequence that begins with Escape and `[`. A terminal of another family
// would show the letters of such a sequence instead of obeying it.
bool nc_understands_sequences(void) {
  const char *move = text("cup");
  return move && strncmp(move, "\033[", 2) == 0;
}

void nc_enable_modes(bool wants_mouse) {
  if (nc_understands_sequences()) {
    say("\033[?2004h");
    has_brackets = true;
  }
  if (!wants_mouse || !text("kmous")) return;
  say("\033[?1000h\033[?1006h");
  has_mouse = true;
}

void nc_disable_modes(void) {
  if (has_mouse) say("\033[?1006l\033[?1000l");
  if (has_brackets) say("\033[?2004l");
  has_mouse = has_brackets = false;
}
