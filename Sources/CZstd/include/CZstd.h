// zstd's streams, as few functions as a stream of packets needs. libzstd is looked for when the program runs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this build can use libzstd: libzstd's header was there when it was built.
bool czstd_is_built_in(void);

/// The version of libzstd, such as `1.5.4`; NULL: this machine has none, or this was built without its header. Callable from
/// any thread.
const char *czstd_version(void);

/// Begins to compress a stream; NULL: there is no zstd, or no memory. Free it with `czstd_encoder_free`.
void *czstd_encoder_new(void);
void czstd_encoder_free(void *encoder);

/// How many bytes `count` bytes may become.
size_t czstd_bound(size_t count);

/// Compresses `count` bytes, which go on with the stream, and flushes: the other side can expand all of them. Returns how
/// many bytes were written; 0: an error, after which the stream is over.
size_t czstd_compress(void *encoder, const uint8_t *bytes, size_t count, uint8_t *out, size_t room);

/// Begins to expand a stream; NULL: there is no zstd, or no memory. Free it with `czstd_decoder_free`.
void *czstd_decoder_new(void);
void czstd_decoder_free(void *decoder);

/// Expands bytes that go on with the stream. `*taken` of the `count` bytes were used, and `*written` bytes of `room` were
/// filled; as long as all of `room` is filled there may be more. Returns false if the bytes are damaged.
bool czstd_expand(void *decoder, const uint8_t *bytes, size_t count, size_t *taken, uint8_t *out, size_t room,
                  size_t *written);
