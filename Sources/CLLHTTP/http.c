// Compiles http.c from Debian's node-llhttp package.
#include "llhttp.h"
#include "/usr/share/llhttp/http.c"
