// Functions that the files of CMPG share, and that Swift does not see.
#pragma once
#include <signal.h>

/// Unmaps the stack for signal handlers that `mpg_alternate_stack` made for the calling thread. (fault.c)
void mpg_drop_alternate_stack(void);
/// For signal handlers: installs the handler that was there before ours, and raises the signal again for that handler.
/// (fork.c)
void mpg_hand_back(int signal, const struct sigaction *earlier);
