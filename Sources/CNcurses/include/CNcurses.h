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
  NC_REFUSED = 4,               // ncurses gave no screen (no memory)
};

// What the opened screen can do. `colors` is 0 when it has none or they were not wanted.
typedef struct {
  int32_t rows, columns, colors;
  bool is_utf8;
} nc_screen;

// Takes the terminal on fds 0 and 1 over: alternate screen, no echo, keys one by one, no cursor; stderr is
// kept aside. Follows the environment's locale. Returns an nc_open_result; changes nothing unless NC_OPENED.
int32_t nc_open(const char *term, bool wants_color, bool wants_mouse, nc_screen *screen);
// Gives the terminal back as it was found and replays stderr. Harmless when nothing is open.
void nc_close(void);
// Asks the kernel for the window's size and makes ncurses follow it.
void nc_sync_size(int32_t *rows, int32_t *columns);
// Gives the terminal back, stops the process as Ctrl-Z would, and takes the terminal again when it goes on.
void nc_suspend(void);

// ---- Drawing (draw.c)

// One cell. `width` is 1, 2 (the cell after it is then the glyph's right half) or 0 (a right half).
typedef struct {
  uint32_t scalar;
  uint16_t style;
  uint8_t width;
} nc_cell;

enum { NC_BOLD = 1, NC_DIM = 2, NC_REVERSE = 4, NC_UNDERLINE = 8 };
enum { NC_STYLES = 256 };

// Says how cells of `style` look from now on. Colours are terminal colour numbers, -1 is the terminal's own.
void nc_define_style(uint16_t style, int32_t foreground, int32_t background, uint32_t attributes);
// Hands `count` cells over for row `y` from column `x`. A glyph whose width libc disputes becomes `?`.
void nc_put_row(int32_t y, int32_t x, const nc_cell *cells, int32_t count);
// Asks the terminal whether it understands synchronized output (2026). The answer, `CSI ? 2026 ; 1 $ y` or `2`, is read with
// the keys; one that does not know the question says nothing, and one that is no terminal of that family is not asked.
void nc_ask_synchronized(void);
void nc_set_synchronized(bool is_understood);
// Brings the terminal up to date, as one picture where it has said that it understands synchronized output.
void nc_flush(void);
// Makes the next flush repaint every cell, for a screen that something else wrote on.
void nc_redraw_all(void);

// ---- Input (input.c)

// Reads what has been typed, at most `count` bytes; 0 when there is nothing. Call it when nc_wait() says NC_READY_INPUT.
int32_t nc_read(uint8_t *bytes, int32_t count);
// The strings of the terminal's database by number from 0, false behind the last: the name of each, and what the key of that
// name sends; NULL where there is no such key. Needs an open screen.
bool nc_key_of_database(int32_t index, const char **name, const char **bytes);

enum { NC_INVALID = -1, NC_INCOMPLETE = -2 };
// The character that `count` bytes are in the locale's charset: its scalar, or one of the above.
int32_t nc_character(const uint8_t *bytes, int32_t count);

// ---- Signals and waiting (signals.c, crash.c)

// Blocks TERM, INT, HUP, WINCH, TSTP and CONT in the calling thread and in those that it starts from then on.
void nc_block_signals(void);
// A descriptor that tells of the blocked signals, or -1.
int32_t nc_open_signals(void);
// The number of the next signal, or 0.
int32_t nc_next_signal(int32_t signals);
// Whether one of the blocked signals waits.
bool nc_has_signal(void);
// Closes the descriptor and unblocks what nc_block_signals() blocked.
void nc_close_signals(int32_t signals);

enum { NC_READY_INPUT = 1, NC_READY_SIGNAL = 2, NC_READY_WAKE = 4, NC_HUNG_UP = 8 };
// Waits up to `milliseconds` for keys, for `signals` or for `wake` (descriptors; -1 for none).
int32_t nc_wait(int32_t signals, int32_t wake, int32_t milliseconds);

// From now on a fatal signal gives the terminal back and replays stderr before it takes its former course.
void nc_guard_against_crash(void);
