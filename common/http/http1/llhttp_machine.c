/* llhttp's state machine with our own callbacks in place of its api.c, in one translation unit, so that they are
   inlined: most do nothing, and the others write down a position. */

#include "common/http/http1/llhttp_spans.h"

#define CALLBACK(name)                                                                                                \
  static inline __attribute__((always_inline)) int llhttp__on_##name(llhttp__internal_t* s, const unsigned char* at, \
                                                                     const unsigned char* end)
#define IGNORED_CALLBACK(name) \
  CALLBACK(name) {             \
    (void)s;                   \
    (void)at;                  \
    (void)end;                 \
    return 0;                  \
  }

IGNORED_CALLBACK(message_begin)
IGNORED_CALLBACK(url_complete)
IGNORED_CALLBACK(status_complete)
IGNORED_CALLBACK(method)
IGNORED_CALLBACK(method_complete)
IGNORED_CALLBACK(version)
IGNORED_CALLBACK(version_complete)
IGNORED_CALLBACK(header_field_complete)
IGNORED_CALLBACK(chunk_header)
IGNORED_CALLBACK(chunk_extension_name)
IGNORED_CALLBACK(chunk_extension_name_complete)
IGNORED_CALLBACK(chunk_extension_value)
IGNORED_CALLBACK(chunk_extension_value_complete)
IGNORED_CALLBACK(chunk_complete)
IGNORED_CALLBACK(reset)

static inline __attribute__((always_inline)) roost_spans* spans_of(const llhttp__internal_t* s) {
  return (roost_spans*)s->data;
}

static inline __attribute__((always_inline)) void note(roost_spans* spans, roost_span* span, const unsigned char* at,
                                                       const unsigned char* end) {
  if (span->at != 0) spans->split = 1;
  span->at = (const char*)at;
  span->end = (const char*)end;
}

CALLBACK(url) {
  note(spans_of(s), &spans_of(s)->url, at, end);
  return 0;
}

CALLBACK(status) {
  note(spans_of(s), &spans_of(s)->status, at, end);
  return 0;
}

CALLBACK(header_field) {
  roost_spans* spans = spans_of(s);
  if (spans->fields == 0) return 0;
  if (spans->field_count == spans->field_limit) {
    spans->too_many_fields = 1;
    return HPE_USER;
  }
  roost_field_spans* field = &spans->fields[spans->field_count];
  field->name.at = (const char*)at;
  field->name.end = (const char*)end;
  field->value.at = 0;
  field->value.end = 0;
  return 0;
}

CALLBACK(header_value) {
  roost_spans* spans = spans_of(s);
  if (spans->fields != 0) note(spans, &spans->fields[spans->field_count].value, at, end);
  return 0;
}

CALLBACK(header_value_complete) {
  (void)at;
  (void)end;
  roost_spans* spans = spans_of(s);
  ++spans->field_count;
  if (spans->fields != 0) spans->fields[spans->field_count].name.end = 0; /* none has begun */
  return 0;
}

CALLBACK(headers_complete) {
  (void)s;
  (void)at;
  (void)end;
  return HPE_PAUSED;
}

CALLBACK(body) {
  if (at == end) return 0;
  spans_of(s)->body.at = (const char*)at;
  spans_of(s)->body.end = (const char*)end;
  return HPE_PAUSED;
}

CALLBACK(message_complete) {
  (void)at;
  (void)end;
  spans_of(s)->complete = 1;
  return HPE_PAUSED;
}

#include <llhttp.c>
