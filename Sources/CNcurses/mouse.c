// The mouse, past ncurses. Its own reading waits without a limit for the rest of an event, and after an event that nobody
// asked for, such as the release of a button, for another one; the picture would stand still until the next key.
//
// The terminal is asked for buttons (1000), in the form that knows screens of any size (1006): `CSI < button ; x ; y`, then
// M for a press and m for a release. ncurses reports the beginning as a key; what follows are characters like any
// other, and are put together here, whenever they come. Terminals that know the old form only send `CSI M` and three
// characters.
#include "internal.h"

#include <ncurses.h>
#include <unistd.h>

extern char *tigetstr(const char *);

enum { KEY_NEW_FORM = KEY_MAX + 1, KEY_OLD_FORM };
enum { SHIFT_META_CONTROL = 4 | 8 | 16, WHEEL_UP = 64, WHEEL_DOWN = 65, LARGEST = 1 << 14 };

static bool is_on;
static struct {
  int form;        // one of the keys; 0: no event has begun
  int numbers[3];  // button, column, row
  int count;       // of numbers that are begun, or of characters in the old form
} begun;

static void switch_to(const char *modes, size_t length) { (void)!write(STDOUT_FILENO, modes, length); }

void nc_enable_mouse(void) {
  const char *reports = tigetstr("kmous");
  if (!reports || reports == (char *)-1) return;
  define_key("\033[<", KEY_NEW_FORM);
  define_key("\033[M", KEY_OLD_FORM);
  switch_to("\033[?1000h\033[?1006h", 16);
  is_on = true;
}

void nc_disable_mouse(void) {
  if (is_on) switch_to("\033[?1006l\033[?1000l", 16);
  is_on = false;
}

bool nc_mouse_begins(int key) {
  begun.form = key == KEY_NEW_FORM || key == KEY_OLD_FORM ? key : 0;
  begun.count = 0;
  begun.numbers[0] = begun.numbers[1] = begun.numbers[2] = 0;
  return begun.form != 0;
}

static void finish(nc_event *event, bool is_press) {
  int button = begun.numbers[0] & ~SHIFT_META_CONTROL;
  begun.form = 0;
  if (!is_press) return;
  if (button == 0) event->code = NC_KEY_CLICK;
  if (button == WHEEL_UP) event->code = NC_KEY_WHEEL_UP;
  if (button == WHEEL_DOWN) event->code = NC_KEY_WHEEL_DOWN;
  event->kind = event->code ? NC_KEY : NC_NOTHING;
  event->x = begun.numbers[1] - 1;
  event->y = begun.numbers[2] - 1;
}

static bool take_old(int character, nc_event *event) {
  begun.numbers[begun.count++] = character - ' ';
  if (begun.count == 3) finish(event, true);  // a release is button 3
  return true;
}

bool nc_mouse_takes(int character, nc_event *event) {
  if (begun.form == 0) return false;
  if (begun.form == KEY_OLD_FORM) return take_old(character, event);
  int *number = &begun.numbers[begun.count];
  if (character >= '0' && character <= '9') {
    *number = *number * 10 + character - '0';
    if (*number > LARGEST) *number = LARGEST;
  } else if (character == ';' && begun.count < 2) {
    begun.count++;
  } else if ((character == 'M' || character == 'm') && begun.count == 2) {
    finish(event, character == 'M');
  } else {
    begun.form = 0;  // no event after all
    return false;
  }
  return true;
}
