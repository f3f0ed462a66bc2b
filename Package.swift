// swift-tools-version: 6.2
// One package, data flowing one way: runtime → region → inspector → model → view → terminal.
// ARCHITECTURE.md draws who may import whom; Tests/HouseTests holds this file and the sources to it.
import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// C that runs on stacks of Gs: large frames touch each of their pages, so that none gets past the guard (Stack.swift).
/// Since tools version 6.2 a package that others depend on may say so too.
let c: [CSetting] = [.define("_GNU_SOURCE"), .unsafeFlags(["-fstack-clash-protection"])]

/// The inspector's rooms, from the lowest to the façade, and the lessons above it.
let rooms: [Target.Dependency] = [
  "Host", "Observed", "RegionSource", "History", "Wire", "Insight", "Exports", "Inspector", "Lessons",
]

let package = Package(
  name: "mpgtop",
  products: [
    .library(name: "MPG", targets: ["MPG"]),
    .library(name: "Net", targets: ["Net"]),
    .library(name: "HTTP", targets: ["HTTP"]),
    .library(name: "Inspector", targets: ["Inspector"]),
    .library(name: "GoAttach", targets: ["GoAttach"]),
    .library(name: "GoTrace", targets: ["GoTrace"]),
    .library(name: "TUI", targets: ["TUI"]),
    .executable(name: "mpgtop", targets: ["mpgtop"]),
    .executable(name: "mpg-demo", targets: ["mpg-demo"]),
    .executable(name: "mpg-load", targets: ["mpg-load"]),
    .executable(name: "mpg-lesson", targets: ["mpg-lesson"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // The contract both sides import: layout, schema, events, and both halves of the ring protocol.
    .target(name: "Region", swiftSettings: swift),

    // What Swift cannot say: the context switch, thread-locals, futex, madvise.
    .target(name: "CMPG", dependencies: ["CFaults"], cSettings: c),
    // The seam at which tests make system calls fail.
    .target(name: "CFaults", cSettings: c),
    // Readiness by a completion port; and, where there is none, the refusal.
    .target(name: "CIOCP", cSettings: c),
    // The toolchain ships a module called `Runtime`, hence a target name that is not the folder's.
    .target(
      name: "MPG",
      dependencies: [
        "CMPG", "CIOCP", "Region", .product(name: "HeapModule", package: "swift-collections"),
      ],
      path: "Sources/Runtime", swiftSettings: swift),
    // accept4 and the names of errnos, which Swift's Glibc lacks.
    .target(name: "CNet", dependencies: ["CFaults"], cSettings: c),
    .target(name: "Net", dependencies: ["MPG", "CNet"], swiftSettings: swift),
    // Node's HTTP parser, compiled from the sources of Debian's `node-llhttp` package; nothing is copied here.
    .target(name: "CLLHTTP", cSettings: c),
    .target(name: "HTTP", dependencies: ["Net", "CLLHTTP"], swiftSettings: swift),

    // What the system tells of processes and threads, and files that are written whole or not at all.
    .target(name: "Host", dependencies: ["Region"], swiftSettings: swift),
    // What can be observed of a scheduler, as values; and the seam at which sources tell it.
    .target(name: "Observed", dependencies: ["Host", "Region"], swiftSettings: swift),
    // Regions as sources, of processes that live and that are dead.
    .target(name: "RegionSource", dependencies: ["Observed", "Host", "Region"], swiftSettings: swift),
    // What was observed, kept: in memory, in recordings, and any moment of it again.
    .target(name: "History", dependencies: ["Observed", "Host", "Region"], swiftSettings: swift),
    // zstd's streams, if this machine has libzstd.
    .target(name: "CZstd", cSettings: [.define("_GNU_SOURCE")]),
    // What a source tells as a stream of bytes, and such a stream as a source.
    .target(
      name: "Wire", dependencies: ["History", "Observed", "Host", "Region", "CZstd"], swiftSettings: swift),
    // What it means: rates, instruments, lints, causes, explanations. Values and sentences that know no screen and no key.
    .target(
      name: "Insight",
      dependencies: [
        "History", "Observed", "Host", "Region", .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: swift),
    .target(
      name: "Exports", dependencies: ["Insight", "History", "Observed", "Host", "Region", "GoTrace"],
      swiftSettings: swift),
    // The façade of all these: attaching, the pace of looking, and the rooms' names by one import.
    .target(
      name: "Inspector",
      dependencies: ["Exports", "Insight", "Wire", "History", "RegionSource", "Observed", "Host", "Region"],
      swiftSettings: swift),
    // Twelve lessons on a scheduler that is paced: what they ask, and how the answer is computed from events.
    .target(name: "Lessons", dependencies: ["Inspector", "Region"], swiftSettings: swift),
    // Reading another process's memory, and DWARF by libdw, if this machine has it.
    .target(name: "CGoAttach", cSettings: [.define("_GNU_SOURCE")]),
    // What is used of zlib: profiles are packed by it, and traces unpacked.
    .target(name: "CGzip", linkerSettings: [.linkedLibrary("z")]),
    // Profiles in pprof's form, of stacks and of waiting.
    .target(name: "Pprof", dependencies: ["CGzip"], swiftSettings: swift),
    // Any running Go program as a source; the inspector knows nothing of it.
    .target(
      name: "GoAttach", dependencies: ["Observed", "Host", "Region", "CGoAttach", "Pprof"],
      swiftSettings: swift),
    // A Go trace as a history, which all screens show.
    .target(
      name: "TraceSource", dependencies: ["GoTrace", "History", "Observed", "Host", "Region", "CLLHTTP"],
      swiftSettings: swift),
    // Execution traces of Go, read and written; knows nothing of schedulers of ours.
    .target(name: "GoTrace", dependencies: ["CGzip", "Pprof"], swiftSettings: swift),
    // About twenty functions over ncursesw, so that no ncurses type or macro reaches Swift.
    .target(
      name: "CNcurses",
      cSettings: [.define("_GNU_SOURCE"), .define("NCURSES_WIDECHAR", to: "1")],
      linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
    .target(name: "TUI", dependencies: ["Lessons", "Inspector", "Region", "CNcurses"], swiftSettings: swift),

    .executableTarget(
      name: "mpgtop",
      dependencies: [
        "TUI", "Lessons", "GoAttach", "GoTrace", "TraceSource", "Inspector", "CLLHTTP",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "mpg-demo",
      dependencies: [
        "HTTP", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/demo", swiftSettings: swift),
    // A load generator for HTTP servers, which can be used without the rest.
    .executableTarget(
      name: "mpg-load",
      dependencies: [
        "MPG", "Net", "CLLHTTP", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      path: "Sources/load", swiftSettings: swift),
    // The situations of the lessons, each a small program.
    .executableTarget(
      name: "mpg-lesson",
      dependencies: ["MPG", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Sources/lesson", swiftSettings: swift),
    .executableTarget(
      name: "mpg-bench", dependencies: ["MPG", "Net", "Region"], path: "Sources/bench", swiftSettings: swift),
    .executableTarget(
      name: "mpg-go-bench", dependencies: ["GoAttach"], path: "Sources/gobench", swiftSettings: swift),
    .executableTarget(
      name: "mpg-trace-bench", dependencies: ["GoTrace"], path: "Sources/tracebench", swiftSettings: swift),

    // The Inspector as a library; not installed.
    .executableTarget(
      name: "inspector-example", dependencies: ["Inspector"], path: "examples/inspector", swiftSettings: swift
    ),
    // Every code block of the pages, compiled and run by the tests as a user of the libraries would have it; not installed.
    .executableTarget(
      name: "snippets", dependencies: ["MPG", "Net", "HTTP", "Inspector"], path: "examples/snippets",
      swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    // What programs on the runtime look like; not installed.
    .executableTarget(
      name: "crawler-example", dependencies: ["MPG"], path: "examples/crawler", swiftSettings: swift),
    .executableTarget(
      name: "chat-example", dependencies: ["MPG", "Net"], path: "examples/chat", swiftSettings: swift),
    .executableTarget(
      name: "duplicates-example", dependencies: ["MPG"], path: "examples/duplicates", swiftSettings: swift),

    // Everything at once and at random, watched from outside; not installed. What it needs of Linux that Swift does not see.
    .target(name: "CSoak", cSettings: [.define("_GNU_SOURCE")]),
    .executableTarget(
      name: "mpg-soak",
      dependencies: [
        "MPG", "Net", "Inspector", "Region", "CSoak",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/soak", swiftSettings: swift),

    // Tries each part of the runtime on machines that the suites cannot be built for; not installed.
    .executableTarget(
      name: "mpg-trial", dependencies: ["MPG", "Net"], path: "Tests/Trial", swiftSettings: swift),

    // What the installed programs have in place of Foundation: scripts/essentials.sh builds it once more, by Foundation's name.
    .target(name: "Essentials", swiftSettings: swift),

    // What tests of several targets need, written once.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
    .testTarget(name: "RegionTests", dependencies: ["Region", "TestSupport"], swiftSettings: swift),
    // Large frames, for tests of the stacks' guards.
    .target(
      name: "CFrames", path: "Tests/CFrames", cSettings: [.unsafeFlags(["-fno-stack-clash-protection"])]),
    // The contract of netpoll's backends as a program in C, which also runs under Windows' interface; and what stands in for
    // kqueue and for a completion port where there are none.
    .target(name: "CContract", path: "Tests/CContract", cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "CStandIns", dependencies: ["CMPG", "CIOCP"], path: "Tests/CStandIns",
      cSettings: [.define("_GNU_SOURCE")]),
    .testTarget(
      name: "RuntimeTests",
      dependencies: [
        "MPG", "CMPG", "CIOCP", "CContract", "CStandIns", "CFaults", "CFrames", "Region", "TestSupport",
      ] + rooms,
      swiftSettings: swift),
    .testTarget(
      name: "HTTPTests", dependencies: ["HTTP", "Net", "MPG", "CFaults", "TestSupport"],
      exclude: ["Differential"], swiftSettings: swift),
    .testTarget(name: "LoadTests", dependencies: ["mpg-load", "TestSupport"], swiftSettings: swift),
    .testTarget(
      name: "InspectorTests", dependencies: ["GoTrace", "Region", "TestSupport"] + rooms, swiftSettings: swift
    ),
    .testTarget(
      name: "GoAttachTests",
      dependencies: ["GoAttach", "CGoAttach", "Observed", "Host", "Region", "TestSupport"],
      exclude: ["Fixtures", "Programs"], swiftSettings: swift),
    .testTarget(
      name: "GoTraceTests", dependencies: ["GoTrace", "CGzip", "TestSupport"],
      exclude: ["Fixtures", "Programs"], swiftSettings: swift),
    .testTarget(
      name: "TraceSourceTests", dependencies: ["TraceSource", "GoTrace", "Region", "TestSupport"] + rooms,
      exclude: ["Fixtures"],
      swiftSettings: swift),
    .testTarget(
      name: "TUITests", dependencies: ["TUI", "Region", "TestSupport"] + rooms, exclude: ["Pictures"],
      swiftSettings: swift),
    .testTarget(
      name: "EndToEndTests", dependencies: ["Region", "TestSupport"] + rooms, swiftSettings: swift),
    .testTarget(
      name: "HouseTests", dependencies: ["Essentials", "Region", "TestSupport"], swiftSettings: swift),
  ]
)
