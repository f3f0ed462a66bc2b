// What the files of this target share with each other, and with nobody else.
#pragma once
#include "CNcurses.h"
#include <signal.h>

// Whether the terminal is ours at the moment; the crash handler reads it too.
extern volatile sig_atomic_t nc_is_up;
extern bool nc_has_color;

// Sends stderr to memory, so that no message lands in the picture; and back, with what it said (stderr.c).
void nc_keep_stderr(void);
void nc_replay_stderr(void);
// Remembers, for the crash handler, how to give this terminal back (crash.c).
void nc_remember_restore(bool has_mouse);
// Turns the mouse on, where there is one; and off (mouse.c).
void nc_enable_mouse(void);
void nc_disable_mouse(void);
// Whether a key of ncurses is the beginning of a mouse event.
bool nc_mouse_begins(int key);
// Whether a character belongs to the mouse event that has begun; fills `event` when it is whole and means something.
bool nc_mouse_takes(int character, nc_event *event);
// Stops the process as the default action of SIGTSTP does (signals.c).
void nc_stop_self(void);
