#include "proxy/cache/validation.h"

#include <string_view>

namespace roost::proxy {
namespace {

using http::Field;
using http::FieldId;

/// Describes the stored body, which a 304 does not have.
bool describes_body(FieldId id) {
  return id == FieldId::content_length || id == FieldId::content_encoding || id == FieldId::content_type ||
         id == FieldId::content_range || id == FieldId::transfer_encoding || id == FieldId::etag;
}

/// Set again whenever a response is forwarded, so the stored values are dropped.
bool is_of_one_answer(FieldId id) {
  return id == FieldId::date || id == FieldId::via;
}

std::string_view opaque_tag(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

const Field* same_name(const http::Fields& fields, const Field& field) {
  return field.id != FieldId::other ? fields.find(field.id) : fields.find(field.name);
}

}  // namespace

bool can_validate(const StoredResponse& stored) {
  return stored.status() == 200 && (!stored.etag().empty() || !stored.last_modified().empty());
}

void add_conditions(const StoredResponse& stored, http::FieldBlock& request_fields) {
  if (!stored.etag().empty()) request_fields.add("If-None-Match", stored.etag());
  if (!stored.last_modified().empty()) request_fields.add("If-Modified-Since", stored.last_modified());
}

bool confirms(const http::ResponseHead& not_modified, const StoredResponse& stored) {
  const http::Fields& fields = not_modified.fields;
  if (fields.has(FieldId::etag)) {
    return !stored.etag().empty() && opaque_tag(fields.value(FieldId::etag)) == opaque_tag(stored.etag());
  }
  if (!fields.has(FieldId::last_modified) || stored.last_modified().empty()) return true;
  return fields.value(FieldId::last_modified) == stored.last_modified();
}

http::ResponseHead validated_head(const StoredResponse& stored, const http::ResponseHead& not_modified) {
  http::ResponseHead head;
  head.status = stored.status();
  head.reason = http::reason_phrase(stored.status());
  head.protocol = not_modified.protocol;
  head.body = http::BodyLength::known(stored.body_bytes());
  for (const Field field : stored.fields()) {
    if (is_of_one_answer(field.id)) continue;
    if (!describes_body(field.id) && same_name(not_modified.fields, field) != nullptr) continue;
    head.fields.add(field.name, field.value);
  }
  for (const Field& field : not_modified.fields) {
    if (!describes_body(field.id)) head.fields.add(field.name, field.value);
  }
  return head;
}

}  // namespace roost::proxy
