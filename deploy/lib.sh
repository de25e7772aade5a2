# Shared by the scripts of this repository: output, installing and building. Sourced, not run, from the top of the
# repository.
# shellcheck shell=bash

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\033[1m' dim=$'\033[2m' red=$'\033[31m' green=$'\033[32m' plain=$'\033[0m' rewind=$'\r\033[K'
else
  bold='' dim='' red='' green='' plain='' rewind=''
fi

# done_line WHAT DETAIL: prints a finished step.
done_line() { printf '%s  %s✓%s %-16s %s%s%s\n' "$rewind" "$green" "$plain" "$1" "$dim" "$2" "$plain"; }

# doing_line WHAT DETAIL: prints a step under way; overwritten by the next line on a terminal, not printed elsewhere.
doing_line() {
  [ -z "$rewind" ] || printf '%s  %s…%s %-16s %s%.100s%s' "$rewind" "$dim" "$plain" "$1" "$dim" "$2" "$plain"
}

# die CODE TEXT: exits with an error.
die() {
  printf '%s  %s✗%s %s%s%s\n' "$rewind" "$red" "$plain" "$bold" "$2" "$plain" >&2
  exit "$1"
}

# seconds_since NANOSECONDS: with one decimal.
seconds_since() {
  local tenths=$((($(date +%s%N) - $1) / 100000000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step_install GROUPS: deploy/install-deps as a step; GROUPS is "", "--tests", "--bench" or both.
step_install() {
  local start
  start=$(date +%s%N)
  doing_line packages 'looking for what is missing'
  # shellcheck disable=SC2086  # the groups are words of their own
  deploy/install-deps --quiet $1 || exit 1
  done_line packages "all there, $(seconds_since "$start")"
}

# step_build PRESET [target…]: configures and builds. Output goes to build/PRESET/build.log, and to the screen if it
# fails.
step_build() {
  local preset=$1 start log line
  shift
  start=$(date +%s%N)
  mkdir -p "build/$preset"
  log=build/$preset/build.log
  doing_line "build $preset" 'configuring'
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}  # else it passes by precompiled headers
  fi
  if ! cmake --preset "$preset" "${launcher[@]}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die 1 "configuring build/$preset failed"
  fi
  local targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  if ! NINJA_STATUS='[%f/%t] ' cmake --build "build/$preset" "${targets[@]}" 2>&1 | tee -a "$log" |
    while IFS= read -r line; do doing_line "build $preset" "$line"; done; then
    printf '%s' "$rewind" >&2
    grep -nE 'error|FAILED|undefined reference' -A 6 "$log" | head -n 60 >&2
    die 1 "building $preset failed; all of it is in $log"
  fi
  done_line "build $preset" "$(seconds_since "$start")"
}
