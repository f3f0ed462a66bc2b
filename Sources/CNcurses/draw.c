// Styles of cells, rows of cells, and sending the picture to the terminal.
#include "internal.h"

#include <ncurses.h>
#include <unistd.h>
#include <wchar.h>

static struct {
  attr_t attributes;
  int pair;
} styles[NC_STYLES];

void nc_define_style(uint16_t style, int32_t foreground, int32_t background, uint32_t attributes) {
  if (style >= NC_STYLES) return;
  attr_t wanted = 0;
  if (attributes & NC_BOLD) wanted |= WA_BOLD;
  if (attributes & NC_DIM) wanted |= WA_DIM;
  if (attributes & NC_REVERSE) wanted |= WA_REVERSE;
  if (attributes & NC_UNDERLINE) wanted |= WA_UNDERLINE;
  bool is_colored = nc_has_color && (foreground >= 0 || background >= 0);
  int pair = is_colored ? alloc_pair(foreground, background) : 0;
  styles[style].attributes = wanted;
  styles[style].pair = pair > 0 ? pair : 0;
}

// Turns a cell into ncurses' form. The Swift side placed the cells by the widths in them, ncurses places them by wcwidth().
// Where the two disagree, the rest of the row would be shifted, so the character becomes `?`.
static void set_cell(cchar_t *target, const nc_cell *cell) {
  wchar_t text[2] = {(wchar_t)cell->scalar, 0};
  if (wcwidth(text[0]) != cell->width) text[0] = L'?';
  unsigned style = cell->style < NC_STYLES ? cell->style : 0;
  int pair = styles[style].pair;  // a short is too small for all pairs; ncurses takes the number from the last argument
  setcchar(target, text, styles[style].attributes, (short)pair, &pair);
}

void nc_put_row(int32_t y, int32_t x, const nc_cell *cells, int32_t count) {
  enum { CHUNK = 128 };
  cchar_t row[CHUNK];
  for (int32_t next = 0; next < count;) {
    int32_t start = next, filled = 0;
    for (; next < count && filled < CHUNK; next++)
      if (cells[next].width != 0) set_cell(&row[filled++], &cells[next]);
    mvadd_wchnstr(y, x + start, row, filled);
  }
}

static void send(const char *sequence, size_t length) { (void)!write(STDOUT_FILENO, sequence, length); }

bool nc_is_synchronized;

void nc_ask_synchronized(void) {
  if (nc_understands_sequences()) send("\033[?2026$p", 9);
}

void nc_set_synchronized(bool is_understood) { nc_is_synchronized = is_understood; }

void nc_flush(void) {
  wnoutrefresh(stdscr);
  if (nc_is_synchronized) send("\033[?2026h", 8);
  doupdate();
  if (nc_is_synchronized) send("\033[?2026l", 8);
}

void nc_redraw_all(void) { clearok(curscr, TRUE); }
