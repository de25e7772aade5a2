#include "common/config/secret_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "common/config/field_table.h"

using namespace roost::config;

namespace {

/// A file with a secret, for as long as this lives.
class SecretFile {
 public:
  explicit SecretFile(const std::string& content)
      : path_(std::filesystem::temp_directory_path() / ("roost-secret-" + std::to_string(::getpid()))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~SecretFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// A table with a secret and a field that is none.
struct Settings {
  std::string token, name;
  FieldTable table;
  Settings() { table.section("admin").text("name", &name, "").text("token", &token, "").masked(hide_secret); }
  /// Reads the variables; the first problem, or an empty text.
  std::string read(const std::vector<std::string>& variables) {
    std::vector<const char*> entries;
    for (const std::string& variable : variables) entries.push_back(variable.c_str());
    entries.push_back(nullptr);
    table.read_environment(entries.data());
    return table.problems().empty() ? "" : table.problems().front().to_string();
  }
};

}  // namespace

TEST_CASE("a secret is a file's content without the line ends at its end") {
  CHECK_EQ(*read_secret(SecretFile("abc").path()), "abc");
  CHECK_EQ(*read_secret(SecretFile("abc\r\n\n").path()), "abc");
  CHECK_EQ(*read_secret(SecretFile(" a\nb \n").path()), " a\nb ");
  CHECK_EQ(read_secret(SecretFile(std::string(kMaxSecretBytes, 'x')).path())->size(), kMaxSecretBytes);
}

TEST_CASE("a file that holds no secret") {
  CHECK(read_secret(SecretFile("\n").path()).error().what.ends_with(": there is nothing in it"));
  CHECK(read_secret(SecretFile(std::string(kMaxSecretBytes + 1, 'x')).path())
            .error()
            .what.ends_with(": larger than 65536 bytes"));
  CHECK_EQ(read_secret("/no/such/file").error().what, "/no/such/file: No such file or directory");
  CHECK_EQ(read_secret("/").error().what, "/: cannot be read: is it a file?");
}

TEST_CASE("a variable may name the file of a secret") {
  const SecretFile file("s3cret\n");
  Settings settings;
  CHECK_EQ(settings.read({"ROOST_ADMIN_TOKEN_FILE=" + file.path()}), "");
  CHECK_EQ(settings.token, "s3cret");
  CHECK_NE(settings.table.to_toml().find("token = \"***\"  # environment"), std::string::npos);
}

TEST_CASE("of what is no secret, or given twice, it may not") {
  const SecretFile file("s3cret\n");
  CHECK_EQ(Settings().read({"ROOST_ADMIN_NAME_FILE=" + file.path()}),
           "environment: unknown variable ROOST_ADMIN_NAME_FILE; did you mean \"ROOST_ADMIN_NAME\"?");
  CHECK_EQ(Settings().read({"ROOST_ADMIN_TOKEN=abc", "ROOST_ADMIN_TOKEN_FILE=" + file.path()}),
           "environment: ROOST_ADMIN_TOKEN_FILE: given twice: as a value and in a file");
  CHECK_EQ(Settings().read({"ROOST_ADMIN_TOKEN_FILE=/no/such/file"}),
           "environment: ROOST_ADMIN_TOKEN_FILE: /no/such/file: No such file or directory");
}
