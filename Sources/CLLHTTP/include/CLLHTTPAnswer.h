// llhttp for a client: it parses answers, where CLLHTTP.h parses requests. The parser tells where an answer
// ends, its status, and whether the connection may carry another request; and it hands over the body to who wants it.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct cllhttp_answer cllhttp_answer;

typedef enum {
  /// All bytes were taken; the answer is not complete.
  cllhttp_answer_more,
  cllhttp_answer_complete,
  /// llhttp's grammar forbids the bytes; `cllhttp_answer_reason` says why.
  cllhttp_answer_refused,
} cllhttp_answer_event;

/// Makes a parser for the answers of one connection to requests other than HEAD and CONNECT; NULL when there is no memory.
cllhttp_answer *cllhttp_answer_create(void);
void cllhttp_answer_destroy(cllhttp_answer *);

/// Makes the parser ready for the next answer.
void cllhttp_answer_reset(cllhttp_answer *);

/// Feeds the next bytes. Interim answers (status 1xx) are skipped. The bytes need not stay where they are.
cllhttp_answer_event cllhttp_answer_feed(cllhttp_answer *, const uint8_t *bytes, size_t count);

/// Says where the parts of the body go that the next feed finds, without the framing of chunks; NULL, as at first: nowhere. A
/// body has never more bytes than were fed, so `size` need be no more than `count` of that feed. What does not fit is dropped.
void cllhttp_answer_keep(cllhttp_answer *, uint8_t *room, size_t size);
/// How many bytes of the room were filled since.
size_t cllhttp_answer_kept(const cllhttp_answer *);

/// Tells the parser that the stream has ended. That completes an answer that has neither a length nor chunks; any other
/// answer stays incomplete: `cllhttp_answer_more`.
cllhttp_answer_event cllhttp_answer_finish(cllhttp_answer *);

/// The status of a complete answer.
int cllhttp_answer_status(const cllhttp_answer *);
/// Whether the connection may carry another request after a complete answer. It may not when bytes came that belong to no
/// answer.
int cllhttp_answer_keep_alive(const cllhttp_answer *);
/// llhttp's own explanation of a refusal; static storage.
const char *cllhttp_answer_reason(const cllhttp_answer *);
