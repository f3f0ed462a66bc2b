// Makes a gzip file in memory from bytes, by zlib. Swift cannot call zlib itself: zlib's header declares its functions as
// macros with the version in them, which Swift does not see.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The most bytes that a gzip file of `count` bytes can have; 0: this was built without zlib.
size_t cgzip_bound(size_t count);

/// Writes `count` bytes as a gzip file, without a name and a time. Returns the file's size; 0 if `room` is too small.
size_t cgzip_compress(const uint8_t *bytes, size_t count, uint8_t *file, size_t room);
