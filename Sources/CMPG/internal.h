// What the files of CMPG have of one another.
#pragma once
#include <signal.h>

/// Gives back the stack for signal handlers that `mpg_alternate_stack` made for the calling thread. (fault.c)
void mpg_drop_alternate_stack(void);
/// In a signal handler: installs what was there before, and has the signal come again. (fork.c)
void mpg_hand_back(int signal, const struct sigaction *earlier);
