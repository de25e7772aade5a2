#include "proxy/exchange/stored_answer.h"

#include "proxy/cache/freshness.h"

namespace roost::proxy {

using http::FieldId;

StoredAnswer::StoredAnswer(const StoredResponse& stored, const http::Fields& request_fields,
                           http::FieldBlockView more_fields) {
  start.fields = stored.fields();
  start.more_fields = more_fields;
  const bool conditional = request_fields.has(FieldId::if_none_match) || request_fields.has(FieldId::if_modified_since);
  if (conditional && stored.status() == 200 && is_not_modified(request_fields, stored.etag(), stored.last_modified())) {
    start.status = 304;
    return;
  }
  start.status = stored.status();
  start.body = http::BodyLength::known(stored.body_bytes());
  body = stored.body();
}

}  // namespace roost::proxy
