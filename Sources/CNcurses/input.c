// Raw bytes from the keyboard, the bytes that each key of this terminal sends, and characters of the locale. ncurses' own
// function that reads keys is not used: it returns an unknown sequence as single bytes, and waits in the midst of a known one.
#include "internal.h"

#include <ncurses.h>
#include <string.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

int32_t nc_read(uint8_t *bytes, int32_t count) {
  ssize_t got = read(STDIN_FILENO, bytes, (size_t)count);
  return got > 0 ? (int32_t)got : 0;
}

bool nc_key_of_database(int32_t index, const char **name, const char **bytes) {
  *name = strnames[index];
  *bytes = NULL;
  if (!*name) return false;
  if ((*name)[0] != 'k') return true;
  const char *text = tigetstr(*name);
  if (text && text != (char *)-1) *bytes = text;
  return true;
}

int32_t nc_character(const uint8_t *bytes, int32_t count) {
  mbstate_t state;
  memset(&state, 0, sizeof state);
  wchar_t character = 0;
  size_t used = mbrtowc(&character, (const char *)bytes, (size_t)count, &state);
  if (used == (size_t)-2) return NC_INCOMPLETE;
  return used == (size_t)-1 || used == 0 ? NC_INVALID : (int32_t)character;
}
