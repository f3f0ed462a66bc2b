// Keys, in codes of our own.
#include "internal.h"

#include <ncurses.h>

static int32_t key_code(int code) {
  switch (code) {
  case KEY_UP: return NC_KEY_UP;
  case KEY_DOWN: return NC_KEY_DOWN;
  case KEY_LEFT: return NC_KEY_LEFT;
  case KEY_RIGHT: return NC_KEY_RIGHT;
  case KEY_PPAGE: return NC_KEY_PAGE_UP;
  case KEY_NPAGE: return NC_KEY_PAGE_DOWN;
  case KEY_HOME: return NC_KEY_HOME;
  case KEY_END: return NC_KEY_END;
  case KEY_ENTER: return NC_KEY_ENTER;
  case KEY_BACKSPACE: return NC_KEY_BACKSPACE;
  case KEY_BTAB: return NC_KEY_BACKTAB;
  }
  return code >= KEY_F(1) && code <= KEY_F(12) ? NC_KEY_FUNCTION + code - KEY_F0 : 0;
}

bool nc_next_event(nc_event *event) {
  *event = (nc_event){0};
  wint_t code = 0;
  int result = get_wch(&code);
  if (result == ERR) return false;
  if (result != KEY_CODE_YES) {
    if (nc_mouse_takes((int)code, event)) return true;
    event->kind = NC_CHARACTER;
    event->code = (int32_t)code;
    return true;
  }
  if (nc_mouse_begins((int)code)) return true;
  event->code = key_code((int)code);
  event->kind = event->code ? NC_KEY : NC_NOTHING;
  return true;
}
