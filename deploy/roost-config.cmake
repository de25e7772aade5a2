# find_package(roost): the targets roost::batcher and roost::cache.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(fmt)
find_dependency(tl-expected)
find_dependency(PkgConfig)
pkg_check_modules(XXHASH REQUIRED QUIET IMPORTED_TARGET libxxhash)
include("${CMAKE_CURRENT_LIST_DIR}/roost-targets.cmake")
