#pragma once

#include <cstdlib>
#include <new>

#include "tests/support/failing_memory.h"

// Replaces new and delete of a program, for failing_memory. In one source of it.

namespace roost::failing_memory {

template <class Allocate>
void* allocate(const Allocate& from_heap) {
  void* memory = fails_now() ? nullptr : from_heap();
  while (memory == nullptr) {
    const std::new_handler help = std::get_new_handler();
    if (help == nullptr) throw std::bad_alloc();
    help();
    memory = from_heap();
  }
  living.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

inline void release(void* memory) {
  if (memory != nullptr) living.fetch_sub(1, std::memory_order_relaxed);
  std::free(memory);
}

inline void* allocate_aligned(size_t bytes, std::align_val_t alignment) {
  const auto unit = static_cast<size_t>(alignment);
  return allocate([=] { return std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit); });
}

}  // namespace roost::failing_memory

void* operator new(size_t bytes) {
  return roost::failing_memory::allocate([=] { return std::malloc(bytes == 0 ? 1 : bytes); });
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return roost::failing_memory::allocate_aligned(bytes, alignment);
}
// As the library's own, which a sanitizer replaces.
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return ::operator new(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept {
  roost::failing_memory::release(memory);
}
void operator delete(void* memory, size_t) noexcept {
  roost::failing_memory::release(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  roost::failing_memory::release(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  roost::failing_memory::release(memory);
}
