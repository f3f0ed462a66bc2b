// About twenty functions over ncursesw, so that no ncurses type, macro or global variable reaches Swift.
//
// There is one screen per process, and all functions belong to the one thread that opened it. That thread
// needs a full-sized stack: newterm() alone takes 108 KB.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// ---- The screen (screen.c)

enum nc_open_result {
  NC_OPENED = 0,
  NC_UNKNOWN_TERMINAL = 1,      // terminfo has no entry of that name, or only a generic one
  NC_NO_CURSOR_ADDRESSING = 2,  // the terminal cannot move its cursor (`dumb`, a printer)
  NC_NOT_A_TERMINAL = 3,        // standard input or output is a file or a pipe
  NC_REFUSED = 4,               // ncurses gave no screen (no memory), or one is open already
};

// The abilities of the opened screen. `colors` is 0 when the terminal has none, or the caller wanted none.
typedef struct {
  int32_t rows, columns, colors;
  bool is_utf8;
} nc_screen;

// Takes over the terminal on descriptors 0 and 1: alternate screen, no echo, keys one by one, no cursor. Keeps in memory what
// is written to stderr. Uses the environment's locale. Returns an nc_open_result; unless it is NC_OPENED, the terminal is as
// before.
int32_t nc_open(const char *term, bool wants_color, bool wants_mouse, nc_screen *screen);
// Puts the terminal back as it was found, and writes to stderr what was kept. Does nothing when no screen is open.
void nc_close(void);
// Asks the kernel for the window's size, sets ncurses to it, and returns it.
void nc_sync_size(int32_t *rows, int32_t *columns);
// Puts the terminal back, stops the process as Ctrl-Z would, and takes the terminal again when the process is continued.
void nc_suspend(void);

// ---- Drawing (draw.c)

// One cell. `width` is 1 for a glyph of one cell, 2 for the left half of a wide glyph, 0 for its right half.
typedef struct {
  uint32_t scalar;
  uint16_t style;
  uint8_t width;
} nc_cell;

enum { NC_BOLD = 1, NC_DIM = 2, NC_REVERSE = 4, NC_UNDERLINE = 8 };
enum { NC_STYLES = 256 };

// Defines how cells of `style` look. Colours are the terminal's colour numbers; -1 is the terminal's default colour.
void nc_define_style(uint16_t style, int32_t foreground, int32_t background, uint32_t attributes);
// Puts `count` cells into row `y` from column `x`. A glyph becomes `?` when libc gives it another width than the cell.
void nc_put_row(int32_t y, int32_t x, const nc_cell *cells, int32_t count);
// Asks the terminal whether it understands synchronized output (2026). The answer, `CSI ? 2026 ; 1 $ y` or `2`, is read with
// the keys. A terminal that does not know the question gives no answer. A terminal whose sequences do not begin with Escape and
// `[` is not asked.
void nc_ask_synchronized(void);
void nc_set_synchronized(bool is_understood);
// Sends the changes since the last flush to the terminal; as one picture, if it understands synchronized output.
void nc_flush(void);
// Makes the next flush repaint every cell. Call this after another program has written on the screen.
void nc_redraw_all(void);

// ---- Input (input.c)

// Reads what has been typed, at most `count` bytes, and returns how many it read; 0 after an error. Blocks while there is
// nothing, so call it when nc_wait() says NC_READY_INPUT.
int32_t nc_read(uint8_t *bytes, int32_t count);
// Gives the name of terminfo's string number `index`, from 0 up, and the bytes that the key of that name sends; NULL when
// this terminal has no such key. Returns false behind the last string. Needs an open screen.
bool nc_key_of_database(int32_t index, const char **name, const char **bytes);

enum { NC_INVALID = -1, NC_INCOMPLETE = -2 };
// Decodes `count` bytes in the locale's charset. Returns the character's scalar, or one of the two values above.
int32_t nc_character(const uint8_t *bytes, int32_t count);

// ---- Signals and waiting (signals.c, crash.c)

// Blocks TERM, INT, HUP, WINCH, TSTP and CONT in the calling thread and in those that it starts from then on.
void nc_block_signals(void);
// Makes a descriptor from which the blocked signals are read. Returns it, or -1.
int32_t nc_open_signals(void);
// Reads the next signal. Returns its number, or 0 when there is none.
int32_t nc_next_signal(int32_t signals);
// Whether one of TERM, INT, HUP and TSTP is blocked and pending.
bool nc_has_signal(void);
// Closes the descriptor and unblocks what nc_block_signals() blocked.
void nc_close_signals(int32_t signals);

enum { NC_READY_INPUT = 1, NC_READY_SIGNAL = 2, NC_READY_WAKE = 4, NC_HUNG_UP = 8 };
// Waits up to `milliseconds` for keys, and for the descriptors `signals` and `wake` (-1 for none). Returns a set of
// NC_READY_… and NC_HUNG_UP; 0 when the time is over.
int32_t nc_wait(int32_t signals, int32_t wake, int32_t milliseconds);

// Installs handlers of fatal signals that put the terminal back and write to stderr what was kept. Then the signal goes to
// the handler that was installed before, or has its default effect.
void nc_guard_against_crash(void);
