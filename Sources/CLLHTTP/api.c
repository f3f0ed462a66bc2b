// Debian's api.c, compiled where it lies.
#include "llhttp.h"
#include "/usr/share/llhttp/api.c"
