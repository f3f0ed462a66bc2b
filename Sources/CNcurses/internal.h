// Declarations that the files of this target share, and that Swift does not see.
#pragma once
#include "CNcurses.h"
#include <signal.h>

// Whether our screen is on the terminal at the moment. The crash handler reads it too.
extern volatile sig_atomic_t nc_is_up;
extern bool nc_has_color;
// Whether the terminal has said that it understands synchronized output (draw.c).
extern bool nc_is_synchronized;

// nc_keep_stderr redirects stderr into memory, so that no message lands in the picture. nc_replay_stderr ends that, and writes
// to stderr what was kept (stderr.c).
void nc_keep_stderr(void);
void nc_replay_stderr(void);
// Prepares the bytes by which the crash handler puts this terminal back (crash.c).
void nc_remember_restore(bool has_mouse);
// Whether the terminal understands sequences that begin with Escape and `[` (modes.c).
bool nc_understands_sequences(void);
// nc_enable_modes asks the terminal to mark pasted text and, if it has a mouse, to send the mouse's buttons. nc_disable_modes
// takes that back (modes.c).
void nc_enable_modes(bool wants_mouse);
void nc_disable_modes(void);
// Stops the process as the default action of SIGTSTP does (signals.c).
void nc_stop_self(void);
