# cmake -DOUTPUT=assets.cc -DFOLDER=api/pages -P embed.cmake: writes the pages' files as C++ arrays, one byte after the
# other, so that the program needs no files beside it. The page's links to /assets/ get the version of all files into
# their path, and the page a preload for each module, so that the browser need not find them one behind the other.
set(types "html|text/html; charset=utf-8" "css|text/css; charset=utf-8" "js|text/javascript; charset=utf-8"
  "svg|image/svg+xml")
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*.html ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.svg)
list(SORT files)
set(sums "")
set(preloads "")
foreach(name ${files})
  file(SHA256 ${FOLDER}/${name} sum)
  string(APPEND sums "${name} ${sum}\n")
  if(name MATCHES "\\.js$" AND NOT name STREQUAL "app.js")
    string(APPEND preloads "\n  <link rel=\"modulepreload\" href=\"/assets/${name}\">")
  endif()
endforeach()
string(SHA256 version "${sums}")
string(SUBSTRING ${version} 0 16 version)

set(arrays "")
set(rows "")
set(count 0)
foreach(name ${files})
  get_filename_component(extension ${name} LAST_EXT)
  foreach(type ${types})
    string(REPLACE "|" ";" pair "${type}")
    list(GET pair 0 known)
    if(".${known}" STREQUAL "${extension}")
      string(REGEX REPLACE "^[a-z]+\\|" "" content_type "${type}")
    endif()
  endforeach()
  if(extension STREQUAL ".html")
    file(READ ${FOLDER}/${name} text)
    string(REPLACE "\n  <!-- modules -->" "${preloads}" text "${text}")
    string(REPLACE "\"/assets/" "\"/assets/${version}/" text "${text}")
    string(HEX "${text}" hex)
  else()
    file(READ ${FOLDER}/${name} hex HEX)
  endif()
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kBytes${count}[] = {${bytes}};\n")
  string(APPEND rows "      {\"${name}\", \"${content_type}\",\n"
    "       {reinterpret_cast<const char*>(kBytes${count}), sizeof kBytes${count}}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Made by api/pages/embed.cmake; changes are lost.\n#include \"api/pages/web_assets.h\"\n\n"
  "namespace roost::api {\nnamespace {\n${arrays}}  // namespace\n\nstd::span<const service::Asset> web_assets() {\n"
  "  static const service::Asset kAssets[] = {\n${rows}  };\n  return kAssets;\n}\n\n"
  "std::string_view web_version() {\n  return \"${version}\";\n}\n\n}  // namespace roost::api\n")
