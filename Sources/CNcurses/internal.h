// What the files of this target share with each other, and with nobody else.
#pragma once
#include "CNcurses.h"
#include <signal.h>

// Whether the terminal is ours at the moment; the crash handler reads it too.
extern volatile sig_atomic_t nc_is_up;
extern bool nc_has_color;
// Whether the terminal has said that it understands synchronized output (draw.c).
extern bool nc_is_synchronized;

// Sends stderr to memory, so that no message lands in the picture; and back, with what it said (stderr.c).
void nc_keep_stderr(void);
void nc_replay_stderr(void);
// Remembers, for the crash handler, how to give this terminal back (crash.c).
void nc_remember_restore(bool has_mouse);
// Whether the terminal knows sequences that begin with Escape and a bracket (modes.c).
bool nc_understands_sequences(void);
// Asks for brackets round pastes, and for the mouse where there is one; and takes that back (modes.c).
void nc_enable_modes(bool wants_mouse);
void nc_disable_modes(void);
// Stops the process as the default action of SIGTSTP does (signals.c).
void nc_stop_self(void);
