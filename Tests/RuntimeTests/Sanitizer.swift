// Whether this build has a sanitizer. Tests that would then take hours do less.
import Glibc

/// Whether this build has the thread sanitizer.
let hasThreadSanitizer = unsafe dlsym(nil, "__tsan_init") != nil

/// Whether this build has the address sanitizer, which brings its own malloc and mmap.
let hasAddressSanitizer = unsafe dlsym(nil, "__asan_init") != nil
