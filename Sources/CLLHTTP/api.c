// Compiles api.c from Debian's node-llhttp package.
#include "llhttp.h"
#include "/usr/share/llhttp/api.c"
