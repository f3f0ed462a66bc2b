// See CGzip.h.
#include "CGzip.h"

#if __has_include(<zlib.h>)

#include <limits.h>
#include <zlib.h>

// Numbers as zlib wants them: 15 bits of window, plus 16 for a gzip header.
enum { gzip_bits = 15 + 16, gzip_memory = 8 };

static int begin(z_stream *stream) {
  *stream = (z_stream){0};
  return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_bits, gzip_memory, Z_DEFAULT_STRATEGY) == Z_OK;
}

size_t cgzip_bound(size_t count) {
  z_stream stream;
  if (count > UINT_MAX / 2 || !begin(&stream)) return 0;
  size_t bound = deflateBound(&stream, count);
  deflateEnd(&stream);
  return bound;
}

size_t cgzip_compress(const uint8_t *bytes, size_t count, uint8_t *file, size_t room) {
  z_stream stream;
  if (count > UINT_MAX || room > UINT_MAX || !begin(&stream)) return 0;
  stream.next_in = (uint8_t *)bytes;
  stream.avail_in = (unsigned)count;
  stream.next_out = file;
  stream.avail_out = (unsigned)room;
  int result = deflate(&stream, Z_FINISH);
  size_t size = stream.total_out;
  deflateEnd(&stream);
  return result == Z_STREAM_END ? size : 0;
}

#else

size_t cgzip_bound(size_t count) { return (void)count, 0; }

size_t cgzip_compress(const uint8_t *bytes, size_t count, uint8_t *file, size_t room) {
  return (void)bytes, (void)count, (void)file, (void)room, 0;
}

#endif
