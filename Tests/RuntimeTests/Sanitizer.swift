// What a build with a sanitizer cannot do as others: tests that would take hours there do less.
import Glibc

/// Whether this build is one with the thread sanitizer.
let hasThreadSanitizer = unsafe dlsym(nil, "__tsan_init") != nil
