// Debian's llhttp header, under the name by which Debian's llhttp sources ask for it. Not part of the module.
#if !__has_include("/usr/share/include/llhttp/llhttp.h")
#error "llhttp is missing; install it: apt-get install node-llhttp"
#endif
// Without this llhttp takes a blank before a colon, a chunk without its CRLF, and bytes above 0x7f in a
// target.
#define LLHTTP_STRICT_MODE 1
#include "/usr/share/include/llhttp/llhttp.h"
