// Parses HTTP answers by llhttp. See include/CLLHTTPAnswer.h.
#include "CLLHTTPAnswer.h"

#include <stdlib.h>
#include <string.h>

#include "llhttp.h"

struct cllhttp_answer {
  llhttp_t parser;
  int status;
  uint8_t keep_alive, is_complete;
  uint8_t *room;
  size_t size, kept;
};

static int on_body(llhttp_t *parser, const char *at, size_t length) {
  cllhttp_answer *self = parser->data;
  if (!self->room || length > self->size - self->kept) return 0;
  memcpy(self->room + self->kept, at, length);
  self->kept += length;
  return 0;
}

static int on_message_complete(llhttp_t *parser) {
  cllhttp_answer *self = parser->data;
  if (parser->status_code / 100 == 1) return 0;  // an interim answer: the answer itself follows
  self->is_complete = 1;
  self->status = parser->status_code;
  self->keep_alive = (uint8_t)llhttp_should_keep_alive(parser);
  return HPE_PAUSED;
}

static const llhttp_settings_t settings = {.on_message_complete = on_message_complete, .on_body = on_body};

cllhttp_answer *cllhttp_answer_create(void) {
  cllhttp_answer *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  llhttp_init(&self->parser, HTTP_RESPONSE, &settings);
  self->parser.data = self;
  return self;
}

void cllhttp_answer_destroy(cllhttp_answer *self) { free(self); }

void cllhttp_answer_reset(cllhttp_answer *self) {
  llhttp_reset(&self->parser);
  self->status = 0;
  self->keep_alive = self->is_complete = 0;
}

cllhttp_answer_event cllhttp_answer_feed(cllhttp_answer *self, const uint8_t *bytes, size_t count) {
  llhttp_errno_t error = llhttp_execute(&self->parser, (const char *)bytes, count);
  if (error == HPE_OK) return cllhttp_answer_more;
  if (!self->is_complete) return cllhttp_answer_refused;
  if ((const uint8_t *)llhttp_get_error_pos(&self->parser) != bytes + count) self->keep_alive = 0;
  return cllhttp_answer_complete;
}

void cllhttp_answer_keep(cllhttp_answer *self, uint8_t *room, size_t size) {
  self->room = room;
  self->size = size;
  self->kept = 0;
}

size_t cllhttp_answer_kept(const cllhttp_answer *self) { return self->kept; }

cllhttp_answer_event cllhttp_answer_finish(cllhttp_answer *self) {
  llhttp_finish(&self->parser);
  self->keep_alive = 0;
  return self->is_complete ? cllhttp_answer_complete : cllhttp_answer_more;
}

int cllhttp_answer_status(const cllhttp_answer *self) { return self->status; }
int cllhttp_answer_keep_alive(const cllhttp_answer *self) { return self->keep_alive; }
const char *cllhttp_answer_reason(const cllhttp_answer *self) {
  return self->parser.reason ? self->parser.reason : "";
}
