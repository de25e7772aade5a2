#pragma once

/// Which mutex protects what, in a form that clang checks (-Wthread-safety); other compilers ignore it.
/// The attributes are described at https://clang.llvm.org/docs/ThreadSafetyAnalysis.html.
#if defined(__clang__)
#define ROOST_THREAD_ATTRIBUTE(attribute) __attribute__((attribute))
#else
#define ROOST_THREAD_ATTRIBUTE(attribute)
#endif

/// Of a class: its objects are locks.
#define ROOST_CAPABILITY(name) ROOST_THREAD_ATTRIBUTE(capability(name))
/// Of a class: an object holds a lock from its construction to its destruction.
#define ROOST_SCOPED_CAPABILITY ROOST_THREAD_ATTRIBUTE(scoped_lockable)
/// Of a member: read and written under `mutex` only.
#define ROOST_GUARDED_BY(mutex) ROOST_THREAD_ATTRIBUTE(guarded_by(mutex))
/// Of a pointer member: what it points to is read and written under `mutex` only.
#define ROOST_PT_GUARDED_BY(mutex) ROOST_THREAD_ATTRIBUTE(pt_guarded_by(mutex))
/// Of a function: the caller holds the mutex.
#define ROOST_REQUIRES(...) ROOST_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
/// Of a function: the caller does not hold the mutex, since the function takes it.
#define ROOST_EXCLUDES(...) ROOST_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
/// Of a function: it takes the mutex, and the caller holds it afterwards.
#define ROOST_ACQUIRE(...) ROOST_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
/// Of a function: it takes the mutex if it returns `success`, the first argument.
#define ROOST_TRY_ACQUIRE(...) ROOST_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
/// Of a function: it releases the mutex, which the caller held.
#define ROOST_RELEASE(...) ROOST_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
/// Of a function: what it does with locks is beyond the analysis. The reason stands beside it.
#define ROOST_NO_THREAD_SAFETY_ANALYSIS ROOST_THREAD_ATTRIBUTE(no_thread_safety_analysis)
