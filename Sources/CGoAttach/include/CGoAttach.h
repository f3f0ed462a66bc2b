// What Swift cannot say of Linux and of libdw, for GoAttach: reading another process's memory, and walking DWARF.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Bytes of another process: `count` of them, from `address` on.
struct cgoattach_range {
  uint64_t address;
  uint64_t count;
};

/// process_vm_readv(2): reads the ranges, one behind the other, into `buffer`, which has room for `size` bytes. Returns
/// the number of bytes that were read, or the negative errno.
ssize_t cgoattach_readv(pid_t pid, void *buffer, size_t size, const struct cgoattach_range *ranges, size_t count);

/// The place of `needle` in `bytes` at or behind `start`; `count` if there is none.
size_t cgoattach_find(const uint8_t *bytes, size_t count, size_t start, const uint8_t *needle, size_t needleCount);

/// Whether this build can use libdw: libdw's headers were there when it was built.
bool cgoattach_dwarf_is_built_in(void);

/// The version of the libdw that is found here, such as `0.188`; NULL: none is found, or this build cannot use it.
const char *cgoattach_dwarf_version(void);

/// What `cgoattach_dwarf_walk` could do.
enum cgoattach_dwarf {
  /// The file was walked.
  cgoattach_dwarf_walked = 0,
  /// There is no libdw: this build cannot use it, or this machine has none.
  cgoattach_dwarf_no_library = 1,
  /// The file has no DWARF, or libdw does not understand it.
  cgoattach_dwarf_none = 2,
};

/// One member of a struct. The names are valid during the call only; `type` may be NULL.
typedef void (*cgoattach_member)(void *context, const char *structure, uint64_t size, const char *member, uint64_t offset,
                                 const char *type);

/// Walks the DWARF of the file behind `descriptor`: the members of each struct of the package runtime whose name is in
/// `wanted`, a list with a blank before and behind each name. The descriptor stays open.
enum cgoattach_dwarf cgoattach_dwarf_walk(int descriptor, const char *wanted, void *context, cgoattach_member member);
