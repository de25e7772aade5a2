# Programs of the tests that are wrong on purpose, each in one place. tests/run mutation builds them and demands that the
# tests fail: a protection that can be left out without a test noticing would be no protection for long. The product is
# built from the sources as they are.
#
# roost_mutant(<name> <program> <file> <old> <new>): `program` is "simulate", "crash_points" (the unit test of that name)
# or a folder of unit tests. `old` must stand in `file` exactly once. Build one with: cmake --build build/check --target mutant_<program>-<name>

add_custom_target(mutants)

function(roost_mutant name program file old new)
  set(folder ${PROJECT_BINARY_DIR}/mutants/${name})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
  file(READ ${PROJECT_SOURCE_DIR}/${file} text)
  string(FIND "${text}" "${old}" first)
  string(FIND "${text}" "${old}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    set(text "#error \"the text that mutant ${name} changes does not stand in ${file} once\"\n")
  endif()
  string(REPLACE "${old}" "${new}" text "${text}")
  file(CONFIGURE OUTPUT ${folder}/${file} CONTENT "${text}" @ONLY)

  string(REPLACE "/" "_" target mutant_${program}-${name})
  if(program STREQUAL "simulate")
    set(test simulate)
    set(sources ${simulation_objects})
  else()
    if(program STREQUAL "crash_points")
      set(program batcher)
    endif()
    string(REPLACE "/" "_" test test_${program})
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${program}/*.cc)
  endif()
  get_target_property(libraries ${test} LINK_LIBRARIES)
  if(file MATCHES "^tests/.*\\.cc$")
    list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/${file})
  elseif(file MATCHES "\\.cc$")
    set(sources $<TARGET_OBJECTS:${test}>)  # as they are: nothing in them is another
  endif()
  if(file MATCHES "\\.cc$")
    # In an object of its own, whatever ROOST_UNITY says, as the library's archive has it.
    set_source_files_properties(${PROJECT_SOURCE_DIR}/${file} DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES
      SKIP_UNITY_BUILD_INCLUSION ON)
    # Its symbols are found before those of the library, whose own object is then not linked.
    list(APPEND sources ${folder}/${file})
  endif()
  add_executable(${target} EXCLUDE_FROM_ALL ${sources})
  target_include_directories(${target} BEFORE PRIVATE ${folder})
  target_include_directories(${target} PRIVATE $<TARGET_PROPERTY:${test},INCLUDE_DIRECTORIES>)
  add_dependencies(${target} ${test})  # what is generated for it
  target_link_libraries(${target} PRIVATE roost_flags ${libraries})
  target_compile_options(${target} PRIVATE -Wno-error -w)
  roost_precompiled(${target})
  add_dependencies(mutants ${target})
endfunction()

list(TRANSFORM simulation_sources PREPEND ${PROJECT_SOURCE_DIR}/tests/ OUTPUT_VARIABLE simulation_objects)
list(APPEND simulation_objects ${PROJECT_SOURCE_DIR}/tests/batcher/programs/simulate.cc)

# ---- what is said exactly once ------------------------------------------------------------------------------------

roost_mutant(no_fence simulate tests/batcher/sim_sink.h [[if (applied[journal] + 1 != batch.sequence) {]] [[if (false) {]])
roost_mutant(no_fence_in_sqlite api/db api/db/sqlite/sqlite_like_store.cc [[ AND applied_seq = ?2 - 1]] "")
roost_mutant(fence_not_looked_at api/db api/db/sqlite/sqlite_like_store.cc [[return connection_->changes() == 1;]] [[return true;]])
roost_mutant(never_asks simulate batcher/batch_sender.cc
  "asking_ = true;\n      ++total_failures_;\n      return ask(journal, batch, now_ms);" [[return wait(now_ms);]])
roost_mutant(unknown_taken_for_applied simulate batcher/batch_sender.cc
  "asking_ = true;\n      ++total_failures_;\n      return ask(journal, batch, now_ms);" [[return Progress::applied;]])
roost_mutant(batch_stays_open simulate batcher/like_ledger.cc
  [[for (const KeyDelta& delta : batch.deltas) take(delta, now_ms);]] "")
roost_mutant(snapshot_without_batch simulate batcher/journal/record.cc
  [[put_pairs(out, state.in_flight ? state.in_flight->deltas : std::vector<KeyDelta>{});]]
  [[put_pairs(out, std::vector<KeyDelta>{});]])

# ---- what is asked for again --------------------------------------------------------------------------------------

roost_mutant(repeats_counted simulate tests/batcher/sim_sink.h [[if (!tokens.insert(like.token).second) --counts[like.key];]] "")
roost_mutant(repeats_counted_in_sqlite api/db api/db/sqlite/sqlite_like_store.cc [[if (!is_fresh && delta]] [[if (false && delta]])
roost_mutant(token_known_before_it_is_durable simulate batcher/like_log.cc
  [[intake_.add(key, delta, token, std::move(done), clock_.unix_ms());]]
  [[intake_.add(key, delta, token, std::move(done), clock_.unix_ms());
  if (token != nullptr) known_tokens_.add(*token, clock_.monotonic_ms());]])
roost_mutant(group_without_tokens simulate batcher/journal/record.cc [[if (!tokens.empty()) put_tokens(out, tokens);]] "")
roost_mutant(batch_without_tokens simulate batcher/journal/record.cc
  [[if (!batch.tokens.empty()) put_tokens(out, batch.tokens);]] "")
roost_mutant(snapshot_without_tokens simulate batcher/journal/record.cc
  [[put_tokens(out, state.open_tokens);]] [[put_tokens(out, std::vector<TokenedLike>{});]])

# ---- what is on stable storage ------------------------------------------------------------------------------------

roost_mutant(acknowledged_before_sync simulate batcher/group_commit.cc
  [[work.must_sync || work.batch.has_value();]] [[work.batch.has_value();]])
roost_mutant(no_sync_before_batch simulate batcher/group_commit.cc
  [[work.must_sync || work.batch.has_value();]] [[work.must_sync;]])
roost_mutant(no_sync_of_snapshot simulate batcher/journal/journal.cc [[done = file.datasync();]] "")
roost_mutant(no_directory_sync simulate batcher/journal/journal.cc [[return disk_.sync_directory(directory_);]] [[return {};]])
roost_mutant(no_root_sync_after_making simulate batcher/journal/journal.cc
  [[if (auto safe = disk.sync_directory(paths.root); !safe)]] [[if (Result<void> safe; !safe)]])
roost_mutant(root_that_was_there_not_synced batcher batcher/journal/journal.cc
  [[if (!made && made.error().code != EEXIST) return made;]]
  [[if (!made) return made.error().code == EEXIST ? Result<void>() : made;]])
roost_mutant(no_root_sync_before_forget crash_points batcher/adoption.cc
  [[if (!disk_.sync_directory(paths_.root) || !sink_.forget(*forget))]] [[if (!sink_.forget(*forget))]])
roost_mutant(done_without_sync simulate batcher/journal/journal.cc
  "}\n  return disk_.sync_directory(paths_.root);" "}\n  return {};")
roost_mutant(old_segment_goes_early simulate batcher/journal/journal.cc
  [[segments_.push_back({number, size});]] [[segments_.push_back({number, size}); remove_older();]])
roost_mutant(goes_on_after_failed_sync simulate batcher/journal/journal.cc
  "file_.reset();\n  staged_.clear();\n  error.retryable" "staged_.clear();\n  error.retryable")
roost_mutant(adopted_batch_sent_as_read crash_points batcher/adoption.cc
  [[if (active_->journal->broken()) {]] [[if (active_->journal->broken() && !active_->sending) {]])
roost_mutant(torn_tail_taken_for_damage simulate batcher/journal/recovery.cc [[frame->synced > bad]] [[true]])
roost_mutant(damage_taken_for_torn_tail batcher batcher/journal/recovery.cc [[frame->synced > bad]] [[false]])
roost_mutant(wal_commits_not_synced api/db api/db/sqlite/sqlite_connection.cc [[synchronous=FULL]] [[synchronous=NORMAL]])

roost_mutant(journal_of_another_store_adopted batcher batcher/adoption.cc [[if (store && store != store_) {]] [[if (false) {]])
roost_mutant(journal_of_another_moment_adopted batcher batcher/adoption.cc
  [[if (!active_->agreed) return agree(now_ms);]] "")

# ---- who may do it ------------------------------------------------------------------------------------------------

roost_mutant(no_inode_check batcher batcher/journal/posix_disk.cc
  [[locked.st_ino != named.st_ino || locked.st_dev != named.st_dev]] [[false]])
roost_mutant(checkpoints_by_themselves api/db api/db/sqlite/sqlite_connection.cc [[sqlite3_wal_autocheckpoint(raw_, 0);]] "")
roost_mutant(checkpoint_on_close api/db api/db/sqlite/sqlite_connection.cc
  [[sqlite3_db_config(raw_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);]] "")
roost_mutant(writes_without_the_lock api/db api/db/sqlite/sqlite_connection.cc
  "if (auto locked = lock_->lock(kLockTimeoutMs); !locked) return locked;\n  auto outcome" [[auto outcome]])
roost_mutant(no_lease_token common/cache common/cache/read_through.cc [[if (!lease_valid(flight)) {]] [[if (false) {]])
