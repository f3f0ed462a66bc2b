// The structs of a Go program's runtime, by libdw (elfutils).
//
// libdw is found when the program runs (dlopen), not when it is linked. So a program that was built beside libdw-dev also
// runs on a machine without libdw, and then takes Go's own type descriptors. Without the header at build time the walk
// says that there is no library.
//
// Go compresses its DWARF, and libdw unpacks every section of it as soon as a file is opened, though the walk needs only
// some: the tables of lines and places alone are more than half of the bytes. So the file is mapped privately, and in this
// copy the sections that are not needed are said to have no bytes, before libdw sees it. The file itself is not written.
#include "CGoAttach.h"

#if __has_include(<elfutils/libdw.h>) && __has_include(<elfutils/libdwfl.h>) && __has_include(<dwarf.h>) && __has_include(<gelf.h>)

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <pthread.h>
#include <string.h>

static struct {
  typeof(dwarf_begin_elf) *begin_elf;
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

static struct {
  typeof(elf_version) *version;
  typeof(elf_begin) *begin;
  typeof(elf_end) *end;
  typeof(elf_nextscn) *nextscn;
  typeof(elf_getshdrstrndx) *getshdrstrndx;
  typeof(elf_strptr) *strptr;
  typeof(gelf_getshdr) *getshdr;
  typeof(gelf_update_shdr) *update_shdr;
} elf;

static bool isLoaded;
static const char *libraryVersion;

static void load(void) {
  void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL), *elves = dlopen("libelf.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library || !elves) return;
#define FIND(name) ((dw.name = (typeof(dw.name))dlsym(library, "dwarf_" #name)) != NULL)
#define FIND_ELF(name, symbol) ((elf.name = (typeof(elf.name))dlsym(elves, symbol)) != NULL)
  isLoaded = FIND(begin_elf) && FIND(end) && FIND(get_units) && FIND(diename) && FIND(child) && FIND(siblingof) &&
             FIND(tag) && FIND(attr) && FIND(formudata) && FIND(formref_die) && FIND_ELF(version, "elf_version") &&
             FIND_ELF(begin, "elf_begin") && FIND_ELF(end, "elf_end") && FIND_ELF(nextscn, "elf_nextscn") &&
             FIND_ELF(getshdrstrndx, "elf_getshdrstrndx") && FIND_ELF(strptr, "elf_strptr") &&
             FIND_ELF(getshdr, "gelf_getshdr") && FIND_ELF(update_shdr, "gelf_update_shdr") &&
             elf.version(EV_CURRENT) != EV_NONE;
#undef FIND
#undef FIND_ELF
  typeof(dwfl_version) *told = (typeof(dwfl_version) *)dlsym(library, "dwfl_version");
  libraryVersion = isLoaded ? told ? told(NULL) : "of an unknown version" : NULL;
}

static bool isThere(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return isLoaded;
}

bool cgoattach_dwarf_is_built_in(void) { return true; }
const char *cgoattach_dwarf_version(void) { return isThere() ? libraryVersion : NULL; }

// Whether the walk reads this section: one that holds entries, or what the attributes of entries point to.
static bool isNeeded(const char *section) {
  static const char *const needed[] = {".debug_info", ".debug_types", ".debug_abbrev",      ".debug_str",
                                       ".debug_addr", ".debug_line_str", ".debug_str_offsets"};
  for (size_t index = 0; index < sizeof needed / sizeof *needed; index++)
    if (!strcmp(section, needed[index])) return true;
  return false;
}

// The file's private copy, in which sections of DWARF that the walk does not read have no bytes; NULL: it is no ELF file.
static Elf *openPart(int descriptor) {
  Elf *file = elf.begin(descriptor, ELF_C_READ_MMAP_PRIVATE, NULL);
  size_t names;
  if (!file || elf.getshdrstrndx(file, &names)) return elf.end(file), NULL;
  for (Elf_Scn *section = NULL; (section = elf.nextscn(file, section));) {
    GElf_Shdr header;
    const char *name = elf.getshdr(section, &header) ? elf.strptr(file, names, header.sh_name) : NULL;
    if (!name || strncmp(name, ".debug_", 7) || isNeeded(name)) continue;
    header.sh_type = SHT_NOBITS;
    // If this fails, libelf unpacks the section although nothing reads it; that costs time, and does no other harm.
    (void)elf.update_shdr(section, &header);
  }
  return file;
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
  if (!isThere()) return cgoattach_dwarf_no_library;
  Elf *file = openPart(descriptor);
  Dwarf *dwarf = file ? dw.begin_elf(file, DWARF_C_READ, NULL) : NULL;
  if (!dwarf) return elf.end(file), cgoattach_dwarf_none;
  Dwarf_CU *unit = NULL;
  Dwarf_Half version;
  uint8_t kind;
  Dwarf_Die top, sub, die;
  // Several units are called runtime: one for the code, one for each file of assembly, and one with all types of the
  // program.
  while (dw.get_units(dwarf, unit, &unit, &version, &kind, &top, &sub) == 0) {
    const char *package = dw.diename(&top);
    if (!package || strcmp(package, "runtime") || dw.child(&top, &die)) continue;
    do {
      const char *name = dw.tag(&die) == DW_TAG_structure_type ? dw.diename(&die) : NULL;
      if (name && isWanted(name, wanted)) members(&die, name, context, member);
    } while (!dw.siblingof(&die, &die));
  }
  dw.end(dwarf);
  elf.end(file);
  return cgoattach_dwarf_walked;
}

#else

bool cgoattach_dwarf_is_built_in(void) { return false; }
const char *cgoattach_dwarf_version(void) { return NULL; }

enum cgoattach_dwarf cgoattach_dwarf_walk(int descriptor, const char *wanted, void *context, cgoattach_member member) {
  (void)descriptor, (void)wanted, (void)context, (void)member;
  return cgoattach_dwarf_no_library;
}

#endif
