// What the files of CMPG have of one another.
#pragma once
#include <signal.h>

/// Tells the calling thread that it is no M: it is all that a child of fork has. (thread.c)
void mpg_forget_thread(void);
/// In a signal handler: installs what was there before, and has the signal come again. (fork.c)
void mpg_hand_back(int signal, const struct sigaction *earlier);
