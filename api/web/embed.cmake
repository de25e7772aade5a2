# cmake -DOUTPUT=assets.cc -DFOLDER=api/web -P embed.cmake: writes the pages' files as C++ arrays, one byte after the
# other, so that the program needs no files beside it.
set(types "html|text/html; charset=utf-8" "css|text/css; charset=utf-8" "js|text/javascript; charset=utf-8"
  "svg|image/svg+xml")
file(GLOB files ${FOLDER}/*.html ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.svg)
list(SORT files)
set(arrays "")
set(rows "")
set(count 0)
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  foreach(type ${types})
    string(REPLACE "|" ";" pair "${type}")
    list(GET pair 0 known)
    if(".${known}" STREQUAL "${extension}")
      string(REGEX REPLACE "^[a-z]+\\|" "" content_type "${type}")
    endif()
  endforeach()
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kBytes${count}[] = {${bytes}};\n")
  string(APPEND rows "      {\"/assets/${name}\", \"${content_type}\",\n"
    "       {reinterpret_cast<const char*>(kBytes${count}), sizeof kBytes${count}}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Made by api/web/embed.cmake; changes are lost.\n#include \"api/web/assets.h\"\n\n"
  "namespace roost::api {\nnamespace {\n${arrays}}  // namespace\n\nstd::span<const Asset> web_assets() {\n"
  "  static const Asset kAssets[] = {\n${rows}  };\n  return kAssets;\n}\n\n}  // namespace roost::api\n")
