// See CGzip.h.
#include "CGzip.h"

#if __has_include(<zlib.h>)

#include <limits.h>
#include <stdlib.h>
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

struct cgzip_reader {
  z_stream stream;
  int ended;
};

cgzip_reader *cgzip_reader_new(void) {
  cgzip_reader *reader = calloc(1, sizeof *reader);
  if (reader && inflateInit2(&reader->stream, gzip_bits) != Z_OK) {
    free(reader);
    return NULL;
  }
  return reader;
}

int cgzip_reader_next(cgzip_reader *reader, const uint8_t *bytes, size_t count, size_t *used, uint8_t *out, size_t room,
                      size_t *made) {
  z_stream *stream = &reader->stream;
  *used = *made = 0;
  if (reader->ended && count) { // another part follows
    reader->ended = 0;
    if (inflateReset(stream) != Z_OK) return -1;
  }
  stream->next_in = (uint8_t *)bytes;
  stream->avail_in = count > UINT_MAX ? UINT_MAX : (unsigned)count;
  stream->next_out = out;
  stream->avail_out = room > UINT_MAX ? UINT_MAX : (unsigned)room;
  unsigned in = stream->avail_in, space = stream->avail_out;
  int result = reader->ended ? Z_STREAM_END : inflate(stream, Z_NO_FLUSH);
  *used = in - stream->avail_in;
  *made = space - stream->avail_out;
  if (result == Z_STREAM_END) reader->ended = 1;
  return result == Z_STREAM_END ? 1 : result == Z_OK || result == Z_BUF_ERROR ? 0 : -1;
}

void cgzip_reader_free(cgzip_reader *reader) {
  if (reader) inflateEnd(&reader->stream);
  free(reader);
}

#else

struct cgzip_reader {
  int none;
};

cgzip_reader *cgzip_reader_new(void) { return (cgzip_reader *)0; }

int cgzip_reader_next(cgzip_reader *reader, const uint8_t *bytes, size_t count, size_t *used, uint8_t *out, size_t room,
                      size_t *made) {
  return (void)reader, (void)bytes, (void)count, (void)used, (void)out, (void)room, (void)made, -1;
}

void cgzip_reader_free(cgzip_reader *reader) { (void)reader; }

size_t cgzip_bound(size_t count) { return (void)count, 0; }

size_t cgzip_compress(const uint8_t *bytes, size_t count, uint8_t *file, size_t room) {
  return (void)bytes, (void)count, (void)file, (void)room, 0;
}

#endif
