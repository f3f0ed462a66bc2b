// Loads a library and calls its function Begin.
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char **words) {
  void *library = count == 2 ? dlopen(words[1], RTLD_NOW) : NULL;
  void (*begin)(void) = library ? (void (*)(void))dlsym(library, "Begin") : NULL;
  if (!begin) return 1;
  begin();
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
