# The Debian packages roost-proxy, roost-api, roost-common and libroost-dev, in the preset "package":
# cpack --config build/package/CPackConfig.cmake. docs/packages.md is for their users.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(GZIP gzip REQUIRED)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(made ${PROJECT_BINARY_DIR}/packages)

# ---- files made from the programs and from deploy/roost.toml ----------------------------------------------------

set(generated roost.toml roost.toml.5 roost-proxy.8 roost-proxy.bash roost-api.8 roost-api.bash)
list(TRANSFORM generated PREPEND ${made}/)
add_custom_command(OUTPUT ${generated}
  COMMAND ${Python3_EXECUTABLE} ${here}/generate.py $<TARGET_FILE:roost-proxy> $<TARGET_FILE:roost-api> ${made}
  COMMAND ${GZIP} -9nfk ${made}/roost.toml.5 ${made}/roost-proxy.8 ${made}/roost-api.8
  DEPENDS roost-proxy roost-api ${here}/generate.py ${PROJECT_SOURCE_DIR}/deploy/roost.toml VERBATIM)
add_custom_target(package_files ALL DEPENDS ${generated})

# The units, whose sandbox is the same.
file(READ ${here}/systemd/sandbox.conf sandbox)
foreach(unit roost-proxy.service roost-api@.service)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${here}/systemd/sandbox.conf)
  configure_file(${here}/systemd/${unit}.in ${made}/${unit} @ONLY)
endforeach()

# ---- what is installed where ----------------------------------------------------------------------------------------

set(units /lib/systemd/system)
foreach(program proxy api)
  install(FILES ${made}/roost-${program}.8.gz TYPE MAN RENAME man8/roost-${program}.8.gz COMPONENT ${program})
  install(FILES ${made}/roost-${program}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME roost-${program} COMPONENT ${program})
  install(FILES ${here}/roost-${program}.default DESTINATION /etc/default RENAME roost-${program}
    PERMISSIONS OWNER_READ OWNER_WRITE COMPONENT ${program})
endforeach()
install(FILES ${here}/systemd/roost-proxy.socket ${made}/roost-proxy.service DESTINATION ${units} COMPONENT proxy)
install(FILES ${here}/systemd/roost-api.target ${made}/roost-api@.service DESTINATION ${units} COMPONENT api)
install(FILES ${here}/roost-proxy.logrotate DESTINATION /etc/logrotate.d RENAME roost-proxy COMPONENT proxy)
install(FILES ${made}/roost.toml DESTINATION /etc/roost COMPONENT common)
install(FILES ${made}/roost.toml.5.gz TYPE MAN RENAME man5/roost.toml.5.gz COMPONENT common)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/roost-common COMPONENT common
  FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
# Static libraries as others can link them: without the compiler's own format, and without debug information.
install(CODE "file(GLOB archives \"\$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libroost_*.a\")
  foreach(archive IN LISTS archives)
    execute_process(COMMAND ${CMAKE_STRIP} --strip-debug --enable-deterministic-archives
      -R .gnu.lto_* -R .gnu.debuglto_* -R .comment -N __gnu_lto_slim -N __gnu_lto_v1 \${archive} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()" COMPONENT dev)

# ---- the packages ---------------------------------------------------------------------------------------------------

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)  # some files are outside /usr
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/deb)
set(CPACK_PACKAGE_CONTACT "The Roost developers <roost@localhost>")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL proxy api common dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION web)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(component proxy api common)
  string(TOUPPER ${component} upper)
  set(control ${here}/debian/roost-${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME roost-${component})
  file(GLOB CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA CONFIGURE_DEPENDS ${control}/*)
endforeach()

set(CPACK_COMPONENT_PROXY_DESCRIPTION "caching reverse proxy and load balancer
 Balances HTTP/1.1 requests over backends and caches their answers in memory:
 least connections, health checks, retries, single flight, revalidation.")
set(CPACK_DEBIAN_PROXY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROXY_PACKAGE_SECTION httpd)
set(CPACK_COMPONENT_API_DESCRIPTION "worker of Roost's HTTP API
 Accounts, tweets, follows, search and likes on SQLite or PostgreSQL. Likes are
 written in batches, each exactly once.")
set(CPACK_DEBIAN_API_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_API_PACKAGE_RECOMMENDS roost-proxy)
set(CPACK_DEBIAN_API_PACKAGE_SUGGESTS postgresql)
set(CPACK_COMPONENT_COMMON_DESCRIPTION "configuration of roost-proxy and roost-api
 The file that both read, the user that both run as, and their documents.")
set(CPACK_DEBIAN_COMMON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_COMMON_PACKAGE_DEPENDS adduser)
set(CPACK_COMPONENT_DEV_DESCRIPTION "development files of roost::batcher and roost::cache
 Static libraries: a batcher that applies counter increments exactly once, and a
 cache with single flight and S3-FIFO eviction.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libroost-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libexpected-dev, libfmt-dev, libxxhash-dev, pkg-config")
# Read by cpack itself, so that another release can be given with -D.
file(CONFIGURE OUTPUT ${made}/cpack.cmake @ONLY CONTENT
"set(common \"roost-common (= @PROJECT_VERSION@-\${CPACK_DEBIAN_PACKAGE_RELEASE})\")
set(CPACK_DEBIAN_PROXY_PACKAGE_DEPENDS \"\${common}, init-system-helpers\")
set(CPACK_DEBIAN_API_PACKAGE_DEPENDS \"\${common}, init-system-helpers, debconf (>= 0.5) | debconf-2.0\")
")
set(CPACK_PROJECT_CONFIG_FILE ${made}/cpack.cmake)
include(CPack)
