// llhttp as Swift sees it: the caller feeds the bytes of one request, and reads back where its parts lie. No type or
// callback of llhttp is visible to Swift. Every position is an offset from the first byte of the message, so the caller may
// move the message in memory between two calls.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The most header fields that one head may have; one more gives `cllhttp_too_many_fields`.
enum { cllhttp_fields_max = 100 };

typedef struct cllhttp cllhttp;

/// The place of a header field. The value begins behind its leading blanks; trailing blanks are part of it.
typedef struct {
  uint32_t name, name_length;
  uint32_t value, value_length;
} cllhttp_field;

typedef enum {
  /// All bytes were taken; the message is not complete.
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
  /// A method that llhttp does not know.
  cllhttp_unknown_method,
  /// A Content-Length that is empty, repeated, no number, too big, or beside a Transfer-Encoding.
  cllhttp_bad_length,
  /// A Transfer-Encoding that does not end in one `chunked`.
  cllhttp_bad_coding,
  /// llhttp's grammar forbids the bytes; `cllhttp_reason` says why.
  cllhttp_refused,
} cllhttp_event;

/// Makes a parser for one connection; NULL when there is no memory. The limits are in bytes and hold for each message.
cllhttp *cllhttp_create(uint64_t body_limit, uint64_t extension_limit);
void cllhttp_destroy(cllhttp *);

/// Makes the parser ready for the next message.
void cllhttp_reset(cllhttp *);

/// Feeds the bytes [from, to) of `message`. Body bytes are moved to the front, so that the decoded body lies at
/// `cllhttp_body_start` without its chunk framing. Nothing else in `message` is changed.
cllhttp_event cllhttp_feed(cllhttp *, uint8_t *message, size_t from, size_t to);

/// The offset just behind the last byte that was taken.
size_t cllhttp_position(const cllhttp *);
/// Tells the parser that the caller has removed `count` bytes between the decoded body and `cllhttp_position`.
void cllhttp_did_cut(cllhttp *, size_t count);

const cllhttp_field *cllhttp_fields(const cllhttp *);
uint32_t cllhttp_field_count(const cllhttp *);
uint8_t cllhttp_method(const cllhttp *);
/// The value of Content-Length; 0 without that field.
uint64_t cllhttp_content_length(const cllhttp *);
/// Whether the request lets the connection stay open for another one; valid when the head is complete.
int cllhttp_keep_alive(const cllhttp *);

size_t cllhttp_body_start(const cllhttp *);
size_t cllhttp_body_length(const cllhttp *);

/// llhttp's own explanation of the last refusal; static storage.
const char *cllhttp_reason(const cllhttp *);
/// A method's name; static storage.
const char *cllhttp_method_name(uint8_t method);
