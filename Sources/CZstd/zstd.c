// See CZstd.h.
//
// libzstd is found when the program runs (dlopen), not when it is linked, as libdw is (dwarf.c in CGoAttach). So a program
// that was built beside libzstd-dev also runs on a machine without libzstd, and then its streams are not compressed.
#include "CZstd.h"

#if __has_include(<zstd.h>)

#include <dlfcn.h>
#include <pthread.h>
#include <zstd.h>

static struct {
  typeof(ZSTD_versionString) *versionString;
  typeof(ZSTD_isError) *isError;
  typeof(ZSTD_compressBound) *compressBound;
  typeof(ZSTD_createCCtx) *createCCtx;
  typeof(ZSTD_freeCCtx) *freeCCtx;
  typeof(ZSTD_CCtx_setParameter) *CCtx_setParameter;
  typeof(ZSTD_compressStream2) *compressStream2;
  typeof(ZSTD_createDCtx) *createDCtx;
  typeof(ZSTD_freeDCtx) *freeDCtx;
  typeof(ZSTD_DCtx_setParameter) *DCtx_setParameter;
  typeof(ZSTD_decompressStream) *decompressStream;
} zstd;

static bool isLoaded;

static void load(void) {
  void *library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
#define FIND(name) ((zstd.name = (typeof(zstd.name))dlsym(library, "ZSTD_" #name)) != NULL)
  isLoaded = FIND(versionString) && FIND(isError) && FIND(compressBound) && FIND(createCCtx) && FIND(freeCCtx) &&
             FIND(CCtx_setParameter) && FIND(compressStream2) && FIND(createDCtx) && FIND(freeDCtx) &&
             FIND(DCtx_setParameter) && FIND(decompressStream);
#undef FIND
}

static bool isThere(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return isLoaded;
}

// Events are packed already, so levels differ by a twentieth of the bytes and much more of the time (docs/performance.md). A
// window of two megabytes holds the last table of Gs, which the next table mostly repeats. The reader takes no larger window,
// whatever it is sent.
enum { level = -3, window = 21 };

bool czstd_is_built_in(void) { return true; }
const char *czstd_version(void) { return isThere() ? zstd.versionString() : NULL; }

void *czstd_encoder_new(void) {
  ZSTD_CCtx *encoder = isThere() ? zstd.createCCtx() : NULL;
  if (!encoder) return NULL;
  zstd.CCtx_setParameter(encoder, ZSTD_c_compressionLevel, level);
  zstd.CCtx_setParameter(encoder, ZSTD_c_windowLog, window);
  return encoder;
}

void czstd_encoder_free(void *encoder) {
  if (encoder) zstd.freeCCtx(encoder);
}

size_t czstd_bound(size_t count) { return isThere() ? zstd.compressBound(count) + 64 : 0; }

size_t czstd_compress(void *encoder, const uint8_t *bytes, size_t count, uint8_t *out, size_t room) {
  ZSTD_inBuffer from = {bytes, count, 0};
  ZSTD_outBuffer to = {out, room, 0};
  size_t left = zstd.compressStream2(encoder, &to, &from, ZSTD_e_flush);
  return left == 0 && from.pos == count ? to.pos : 0;
}

void *czstd_decoder_new(void) {
  ZSTD_DCtx *decoder = isThere() ? zstd.createDCtx() : NULL;
  if (decoder) zstd.DCtx_setParameter(decoder, ZSTD_d_windowLogMax, window);
  return decoder;
}

void czstd_decoder_free(void *decoder) {
  if (decoder) zstd.freeDCtx(decoder);
}

bool czstd_expand(void *decoder, const uint8_t *bytes, size_t count, size_t *taken, uint8_t *out, size_t room,
                  size_t *written) {
  ZSTD_inBuffer from = {bytes, count, 0};
  ZSTD_outBuffer to = {out, room, 0};
  size_t result = zstd.decompressStream(decoder, &to, &from);
  *taken = from.pos;
  *written = to.pos;
  return !zstd.isError(result);
}

#else

bool czstd_is_built_in(void) { return false; }
const char *czstd_version(void) { return NULL; }
void *czstd_encoder_new(void) { return NULL; }
void czstd_encoder_free(void *encoder) { (void)encoder; }
size_t czstd_bound(size_t count) { return (void)count, 0; }
size_t czstd_compress(void *encoder, const uint8_t *bytes, size_t count, uint8_t *out, size_t room) {
  return (void)encoder, (void)bytes, (void)count, (void)out, (void)room, 0;
}
void *czstd_decoder_new(void) { return NULL; }
void czstd_decoder_free(void *decoder) { (void)decoder; }
bool czstd_expand(void *decoder, const uint8_t *bytes, size_t count, size_t *taken, uint8_t *out, size_t room,
                  size_t *written) {
  return (void)decoder, (void)bytes, (void)count, (void)out, (void)room, *taken = 0, *written = 0, false;
}

#endif
