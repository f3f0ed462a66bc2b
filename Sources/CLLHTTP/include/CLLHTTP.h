// llhttp as Swift sees it: feed bytes of one request, read back where its parts lie. No llhttp type or
// callback crosses this line; every position is an offset from the first byte of the message, so the caller
// may move the message in memory between two calls.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// How many header fields of one head are remembered; one more is `cllhttp_too_many_fields`.
enum { cllhttp_fields_max = 100 };

typedef struct cllhttp cllhttp;

/// Where a header field lies. The value has its leading blanks removed, not its trailing ones.
typedef struct {
  uint32_t name, name_length;
  uint32_t value, value_length;
} cllhttp_field;

typedef enum {
  /// Everything was taken; the message goes on.
  cllhttp_more,
  /// The last chunk's size line was taken; trailer lines follow.
  cllhttp_trailers,
  /// The message is complete; `cllhttp_position` is its end.
  cllhttp_complete,
  cllhttp_too_many_fields,
  /// The body would pass its limit.
  cllhttp_body_too_large,
  /// The chunk extensions would pass their limit.
  cllhttp_too_much_framing,
  /// No method that llhttp knows.
  cllhttp_unknown_method,
  /// A Content-Length that is empty, repeated, no number, too big, or beside a Transfer-Encoding.
  cllhttp_bad_length,
  /// A Transfer-Encoding that does not end in one `chunked`.
  cllhttp_bad_coding,
  /// llhttp's grammar forbids it; `cllhttp_reason` says why.
  cllhttp_refused,
} cllhttp_event;

/// A parser for one connection, or NULL when memory is out. Limits are bytes in one message.
cllhttp *cllhttp_create(uint64_t body_limit, uint64_t extension_limit);
void cllhttp_destroy(cllhttp *);

/// Forgets the message, so that the next one can be fed.
void cllhttp_reset(cllhttp *);

/// Feeds the bytes [from, to) of `message`. Body bytes are moved together, so that the decoded body lies at
/// `body_start` without its chunk framing; nothing else is written.
cllhttp_event cllhttp_feed(cllhttp *, uint8_t *message, size_t from, size_t to);

/// The offset just behind the last byte that was taken.
size_t cllhttp_position(const cllhttp *);
/// Tells the parser that `count` bytes between the decoded body and `cllhttp_position` were cut out.
void cllhttp_did_cut(cllhttp *, size_t count);

const cllhttp_field *cllhttp_fields(const cllhttp *);
uint32_t cllhttp_field_count(const cllhttp *);
uint8_t cllhttp_method(const cllhttp *);
/// What Content-Length says; 0 without one.
uint64_t cllhttp_content_length(const cllhttp *);
/// Whether the client lets the connection live on; valid when the head is complete.
int cllhttp_keep_alive(const cllhttp *);

size_t cllhttp_body_start(const cllhttp *);
size_t cllhttp_body_length(const cllhttp *);

/// llhttp's own words for the last refusal; static storage.
const char *cllhttp_reason(const cllhttp *);
/// A method's name; static storage.
const char *cllhttp_method_name(uint8_t method);
