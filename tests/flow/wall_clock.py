"""A wall clock that a test may set, for programs it starts."""

import mmap
import os
import struct
import subprocess

# Adds the milliseconds in the file $ROOST_TEST_CLOCK to the wall clock, and to no other.
SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t offset_ms(void) {
  static const volatile int64_t* shared;
  if (shared == NULL) {
    const char* path = getenv("ROOST_TEST_CLOCK");
    const int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    shared = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
  }
  return *shared;
}

int clock_gettime(clockid_t id, struct timespec* now) {
  const int result = (int)syscall(SYS_clock_gettime, id, now);
  if (result != 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return result;
  const int64_t ns = now->tv_nsec + offset_ms() % 1000 * 1000000 + 1000000000;
  now->tv_sec += offset_ms() / 1000 + ns / 1000000000 - 1;
  now->tv_nsec = ns % 1000000000;
  return result;
}

int gettimeofday(struct timeval* now, void* zone) {
  struct timespec time;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &time);
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != NULL) *result = now.tv_sec;
  return now.tv_sec;
}
"""


class WallClock:
    """`environment` goes to the programs; set_ahead() moves their clocks, at once."""

    def __init__(self, directory):
        source, library, offset = directory / "clock.c", directory / "clock.so", directory / "clock"
        source.write_text(SHIM)
        subprocess.run(["cc", "-O1", "-fPIC", "-shared", "-o", library, source], check=True)
        offset.write_bytes(bytes(8))
        with open(offset, "r+b") as file:
            self._offset = mmap.mmap(file.fileno(), 8)
        sanitizer = os.environ.get("ASAN_OPTIONS", "exitcode=99")
        self.environment = {"LD_PRELOAD": str(library), "ROOST_TEST_CLOCK": str(offset),
                            "ASAN_OPTIONS": f"{sanitizer}:verify_asan_link_order=0"}

    def set_ahead(self, seconds):
        """By so much ahead of the machine's clock; negative is behind it."""
        self._offset[:] = struct.pack("=q", seconds * 1000)
