// Debian's llhttp.c, compiled where it lies.
#include "llhttp.h"
#include "/usr/share/llhttp/llhttp.c"
