// Debian's http.c, compiled where it lies.
#include "llhttp.h"
#include "/usr/share/llhttp/http.c"
