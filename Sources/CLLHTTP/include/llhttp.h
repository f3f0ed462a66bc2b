// Debian's llhttp header, under the name by which Debian's llhttp sources include it. Swift does not see it.
#if !__has_include("/usr/share/include/llhttp/llhttp.h")
#error "llhttp is missing; install it: apt-get install node-llhttp"
#endif
// Without strict mode llhttp accepts a blank before a colon, a chunk without its CRLF, and bytes above 0x7f in a target.
// Two parsers in a row may read such a message differently.
#define LLHTTP_STRICT_MODE 1
#include "/usr/share/include/llhttp/llhttp.h"
