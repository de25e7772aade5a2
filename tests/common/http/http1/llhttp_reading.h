#pragma once

#include <string>
#include <utility>
#include <vector>

#include <llhttp.h>

namespace roost::http {

/// What llhttp makes of a whole request head: a second opinion on what the parser lets in.
struct LlhttpReading {
  llhttp_errno_t error = HPE_OK;
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> fields;  // values trimmed
  bool chunked = false;
  bool has_length = false;
  uint64_t length = 0;
  bool keep_alive = false;

  explicit LlhttpReading(std::string_view head) {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_method = [](llhttp_t* p, const char* at, size_t n) { return append(self(p).method, at, n); };
    settings.on_url = [](llhttp_t* p, const char* at, size_t n) { return append(self(p).url, at, n); };
    settings.on_header_field = [](llhttp_t* p, const char* at, size_t n) {
      if (std::exchange(self(p).name_done_, false)) self(p).fields.emplace_back();
      return append(self(p).fields.back().first, at, n);
    };
    settings.on_header_value = [](llhttp_t* p, const char* at, size_t n) {
      return append(self(p).fields.back().second, at, n);
    };
    settings.on_header_value_complete = [](llhttp_t* p) {
      self(p).name_done_ = true;
      return 0;
    };
    settings.on_headers_complete = [](llhttp_t* p) {
      LlhttpReading& reading = self(p);
      reading.chunked = (p->flags & F_CHUNKED) != 0;
      reading.has_length = (p->flags & F_CONTENT_LENGTH) != 0;
      reading.length = p->content_length;
      reading.keep_alive = llhttp_should_keep_alive(p) != 0;
      return static_cast<int>(HPE_PAUSED);
    };
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = this;
    error = llhttp_execute(&parser, head.data(), head.size());
    for (auto& [name, value] : fields) {
      value.erase(value.find_last_not_of(" \t") + 1);
      value.erase(0, value.find_first_not_of(" \t"));
    }
  }
  bool accepted() const { return error == HPE_PAUSED; }

 private:
  static LlhttpReading& self(llhttp_t* parser) { return *static_cast<LlhttpReading*>(parser->data); }
  static int append(std::string& to, const char* at, size_t n) {
    to.append(at, n);
    return 0;
  }
  bool name_done_ = true;
};

}  // namespace roost::http
