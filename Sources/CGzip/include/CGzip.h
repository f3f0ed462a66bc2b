// Makes a gzip file in memory from bytes, and reads gzip piece by piece, by zlib. Swift cannot call zlib itself: zlib's header
// declares its functions as macros with the version in them, which Swift does not see.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The most bytes that a gzip file of `count` bytes can have; 0: this was built without zlib.
size_t cgzip_bound(size_t count);

/// Writes `count` bytes as a gzip file, without a name and a time. Returns the file's size; 0 if `room` is too small.
size_t cgzip_compress(const uint8_t *bytes, size_t count, uint8_t *file, size_t room);

/// Unpacks a gzip file, of one or more parts, as its bytes come.
typedef struct cgzip_reader cgzip_reader;

/// A new reader; NULL: no memory, or this was built without zlib.
cgzip_reader *cgzip_reader_new(void);

/// Unpacks as much as fits. `used` is how many of the `count` bytes were taken, `made` how many were written.
/// Returns 0: more bytes are wanted or more room; 1: the file may end here; -1: the bytes are damaged.
int cgzip_reader_next(cgzip_reader *reader, const uint8_t *bytes, size_t count, size_t *used, uint8_t *out, size_t room,
                      size_t *made);

void cgzip_reader_free(cgzip_reader *reader);

/// Copies the first bytes that can be read from a file, pipe or socket, without taking them out of it. Waits until a pipe or a
/// socket has some. Returns how many there are, at most `room`; -1: they cannot be known before they are read.
ptrdiff_t cgzip_peek(int descriptor, void *out, size_t room);
