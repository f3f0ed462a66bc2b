// What a build with a sanitizer cannot do as others: tests that would take hours there do less.
import Glibc

/// Whether this build is one with the thread sanitizer.
let hasThreadSanitizer = unsafe dlsym(nil, "__tsan_init") != nil

/// Whether this build is one with the address sanitizer, whose malloc and mmap are its own.
let hasAddressSanitizer = unsafe dlsym(nil, "__asan_init") != nil
