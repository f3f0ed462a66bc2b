// The structs of a Go program's runtime, by libdw (elfutils).
//
// libdw is found when the program runs (dlopen), not when it is linked. So a program that was built beside libdw-dev also
// runs on a machine without libdw, and then takes Go's own type descriptors. Without the header at build time the walk
// says that there is no library.
#include "CGoAttach.h"

#if __has_include(<elfutils/libdw.h>) && __has_include(<dwarf.h>)

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static struct {
  typeof(dwarf_begin) *begin;
  typeof(dwarf_end) *end;
  typeof(dwarf_get_units) *get_units;
  typeof(dwarf_diename) *diename;
  typeof(dwarf_child) *child;
  typeof(dwarf_siblingof) *siblingof;
  typeof(dwarf_tag) *tag;
  typeof(dwarf_attr) *attr;
  typeof(dwarf_formudata) *formudata;
  typeof(dwarf_formref_die) *formref_die;
} dw;

static bool isLoaded;

static void load(void) {
  void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
#define FIND(name) ((dw.name = (typeof(dw.name))dlsym(library, "dwarf_" #name)) != NULL)
  isLoaded = FIND(begin) && FIND(end) && FIND(get_units) && FIND(diename) && FIND(child) && FIND(siblingof) && FIND(tag) &&
             FIND(attr) && FIND(formudata) && FIND(formref_die);
#undef FIND
}

static bool number(Dwarf_Die *die, unsigned name, uint64_t *value) {
  Dwarf_Attribute attribute;
  Dwarf_Word word;
  if (!dw.attr(die, name, &attribute) || dw.formudata(&attribute, &word)) return false;
  *value = word;
  return true;
}

static const char *typeName(Dwarf_Die *die) {
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  if (!dw.attr(die, DW_AT_type, &attribute) || !dw.formref_die(&attribute, &type)) return NULL;
  return dw.diename(&type);
}

static bool isWanted(const char *name, const char *wanted) {
  size_t length = strlen(name);
  for (const char *found = wanted; (found = strstr(found, name)); found++)
    if (found > wanted && found[-1] == ' ' && found[length] == ' ') return true;
  return false;
}

static void members(Dwarf_Die *structure, const char *name, void *context, cgoattach_member member) {
  uint64_t size, offset;
  Dwarf_Die die;
  if (!number(structure, DW_AT_byte_size, &size) || dw.child(structure, &die)) return;
  do {
    const char *field = dw.tag(&die) == DW_TAG_member ? dw.diename(&die) : NULL;
    if (field && number(&die, DW_AT_data_member_location, &offset))
      member(context, name, size, field, offset, typeName(&die));
  } while (!dw.siblingof(&die, &die));
}

enum cgoattach_dwarf cgoattach_dwarf_walk(int descriptor, const char *wanted, void *context, cgoattach_member member) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  if (!isLoaded) return cgoattach_dwarf_no_library;
  Dwarf *dwarf = dw.begin(descriptor, DWARF_C_READ);
  if (!dwarf) return cgoattach_dwarf_none;
  Dwarf_CU *unit = NULL;
  Dwarf_Half version;
  uint8_t kind;
  Dwarf_Die top, sub, die;
  // Several units are called runtime: one has the code, one each file of assembly, and one every type of the program.
  while (dw.get_units(dwarf, unit, &unit, &version, &kind, &top, &sub) == 0) {
    const char *package = dw.diename(&top);
    if (!package || strcmp(package, "runtime") || dw.child(&top, &die)) continue;
    do {
      const char *name = dw.tag(&die) == DW_TAG_structure_type ? dw.diename(&die) : NULL;
      if (name && isWanted(name, wanted)) members(&die, name, context, member);
    } while (!dw.siblingof(&die, &die));
  }
  dw.end(dwarf);
  return cgoattach_dwarf_walked;
}

#else

enum cgoattach_dwarf cgoattach_dwarf_walk(int descriptor, const char *wanted, void *context, cgoattach_member member) {
  (void)descriptor, (void)wanted, (void)context, (void)member;
  return cgoattach_dwarf_no_library;
}

#endif
