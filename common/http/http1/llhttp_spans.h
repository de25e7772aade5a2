#pragma once

#include <llhttp.h>
#include <stdint.h>

/* What llhttp finds in a message, by position. In C, since llhttp's callbacks are compiled with its machine
   (llhttp_machine.c). */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char* at;
  const char* end;
} roost_span;

typedef struct {
  roost_span name;
  roost_span value; /* up to the line's CR; trailing white space included */
} roost_field_spans;

/* llhttp_t::data points to one of these. Heads: `fields` has room for `field_limit`; a span in two parts is `split`.
   Bodies: `fields` is null, and llhttp pauses behind each piece of content and at the end. */
typedef struct {
  roost_span url;
  roost_span status;
  roost_span body;
  roost_field_spans* fields;
  uint32_t field_limit;
  uint32_t field_count;
  uint8_t too_many_fields;
  uint8_t split;
  uint8_t complete;
} roost_spans;

#ifdef __cplusplus
}
#endif
