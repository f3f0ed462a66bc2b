// The callbacks of llhttp: they note the offsets of a message's parts, and close the gaps between the chunks of a body. See
// include/CLLHTTP.h.
#include "CLLHTTP.h"

#include <stdlib.h>
#include <string.h>

#include "llhttp.h"

struct cllhttp {
  llhttp_t parser;
  uint8_t *message;  // valid only inside cllhttp_feed
  uint64_t body_limit, extension_limit, extension_bytes;
  size_t position, body_start, body_length;
  uint64_t content_length;
  cllhttp_event refusal;
  uint8_t head_complete, keep_alive, in_value;
  uint32_t field_count;
  cllhttp_field fields[cllhttp_fields_max];
};

static cllhttp *owner(llhttp_t *parser) { return parser->data; }

static int stop(cllhttp *self, cllhttp_event why) {
  self->refusal = why;
  return -1;
}

static int on_field(llhttp_t *parser, const char *at, size_t length) {
  cllhttp *self = owner(parser);
  if (self->head_complete) return 0;  // a trailer: llhttp checks it, and the server does not use it
  uint32_t offset = (uint32_t)((const uint8_t *)at - self->message);
  if (self->in_value || self->field_count == 0) {
    if (self->field_count == cllhttp_fields_max) return stop(self, cllhttp_too_many_fields);
    self->fields[self->field_count++] = (cllhttp_field){.name = offset};
    self->in_value = 0;
  }
  self->fields[self->field_count - 1].name_length += (uint32_t)length;
  return 0;
}

static int on_field_complete(llhttp_t *parser) {
  owner(parser)->in_value = 1;
  return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length) {
  cllhttp *self = owner(parser);
  if (self->head_complete || length == 0) return 0;
  cllhttp_field *field = &self->fields[self->field_count - 1];
  if (field->value_length == 0) field->value = (uint32_t)((const uint8_t *)at - self->message);
  field->value_length += (uint32_t)length;
  return 0;
}

static int on_headers_complete(llhttp_t *parser) {
  cllhttp *self = owner(parser);
  self->head_complete = 1;
  self->keep_alive = (uint8_t)llhttp_should_keep_alive(parser);
  parser->upgrade = 0;  // the server offers no other protocol, so this is an ordinary request
  return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t length) {
  cllhttp *self = owner(parser);
  if (length > self->body_limit - self->body_length) return stop(self, cllhttp_body_too_large);
  uint8_t *to = self->message + self->body_start + self->body_length;
  if (to != (const uint8_t *)at) memmove(to, at, length);
  self->body_length += length;
  return 0;
}

static int on_chunk_header(llhttp_t *parser) {
  cllhttp *self = owner(parser);
  if (parser->content_length == 0) return HPE_PAUSED;
  if (parser->content_length > self->body_limit - self->body_length)
    return stop(self, cllhttp_body_too_large);
  return 0;
}

static int on_extension(llhttp_t *parser, const char *at, size_t length) {
  (void)at;
  cllhttp *self = owner(parser);
  self->extension_bytes += length;
  return self->extension_bytes > self->extension_limit ? stop(self, cllhttp_too_much_framing) : 0;
}

static int on_message_complete(llhttp_t *parser) {
  (void)parser;
  return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field,
    .on_header_field_complete = on_field_complete,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_message_complete = on_message_complete,
};

cllhttp *cllhttp_create(uint64_t body_limit, uint64_t extension_limit) {
  cllhttp *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->body_limit = body_limit;
  self->extension_limit = extension_limit;
  llhttp_init(&self->parser, HTTP_REQUEST, &settings);
  self->parser.data = self;
  return self;
}

void cllhttp_destroy(cllhttp *self) { free(self); }

void cllhttp_reset(cllhttp *self) {
  llhttp_reset(&self->parser);
  self->position = self->body_start = self->body_length = 0;
  self->content_length = self->extension_bytes = 0;
  self->refusal = cllhttp_more;
  self->head_complete = self->keep_alive = self->in_value = 0;
  self->field_count = 0;
}

cllhttp_event cllhttp_feed(cllhttp *self, uint8_t *message, size_t from, size_t to) {
  self->message = message;
  if (!self->head_complete) self->body_start = to;  // the head is fed line by line, and the body starts behind its last line
  llhttp_resume(&self->parser);
  llhttp_errno_t error = llhttp_execute(&self->parser, (const char *)message + from, to - from);
  self->position = to;
  if (!self->head_complete) self->content_length = self->parser.content_length;
  switch (error) {
    case HPE_OK:
      return cllhttp_more;
    case HPE_PAUSED:
      self->position = (size_t)((const uint8_t *)llhttp_get_error_pos(&self->parser) - message);
      // The callbacks pause llhttp at two points: behind the last chunk's size line, and at the end of the message.
      return self->parser.flags & F_TRAILING || !(self->parser.flags & F_CHUNKED) ? cllhttp_complete
                                                                                  : cllhttp_trailers;
    case HPE_INVALID_METHOD:
    case HPE_INVALID_CONSTANT:
      return cllhttp_unknown_method;
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return cllhttp_bad_length;
    case HPE_INVALID_TRANSFER_ENCODING:
      return cllhttp_bad_coding;
    default:
      return self->refusal != cllhttp_more ? self->refusal : cllhttp_refused;
  }
}

size_t cllhttp_position(const cllhttp *self) { return self->position; }
void cllhttp_did_cut(cllhttp *self, size_t count) { self->position -= count; }

const cllhttp_field *cllhttp_fields(const cllhttp *self) { return self->fields; }
uint32_t cllhttp_field_count(const cllhttp *self) { return self->field_count; }
uint8_t cllhttp_method(const cllhttp *self) { return self->parser.method; }
uint64_t cllhttp_content_length(const cllhttp *self) { return self->content_length; }
int cllhttp_keep_alive(const cllhttp *self) { return self->keep_alive; }

size_t cllhttp_body_start(const cllhttp *self) { return self->body_start; }
size_t cllhttp_body_length(const cllhttp *self) { return self->body_length; }

const char *cllhttp_reason(const cllhttp *self) { return self->parser.reason ? self->parser.reason : ""; }
const char *cllhttp_method_name(uint8_t method) { return llhttp_method_name((llhttp_method_t)method); }
