// Compiles llhttp.c from Debian's node-llhttp package.
#include "llhttp.h"
#include "/usr/share/llhttp/llhttp.c"
