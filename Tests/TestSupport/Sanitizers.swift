// Whether this build has a sanitizer. Tests that would then take hours do less.
import Glibc

/// Whether this build, and so the programs beside the tests, has the thread sanitizer. A signal that ends such a program
/// may be delayed for as long as the thread that received it sleeps in the scheduler.
package let hasThreadSanitizer = unsafe dlsym(nil, "__tsan_init") != nil

/// Whether this build has the address sanitizer, which brings its own malloc and mmap.
package let hasAddressSanitizer = unsafe dlsym(nil, "__asan_init") != nil
