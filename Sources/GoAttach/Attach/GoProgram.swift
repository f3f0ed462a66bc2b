// Attaching to a Go program that runs or has left a core: its version, its layout, its variables, all checked against each other.

/// A Go program whose scheduler is understood. Immutable, and may be used from any thread.
public final class GoProgram: Sendable {
  /// The number of the process.
  public let pid: Int32
  /// The version of Go that built the program.
  public let version: GoVersion
  /// Where the offsets of the runtime's fields come from.
  public var origin: LayoutOrigin { layout.origin }
  /// Whether the executable has no table of symbols.
  public let isStripped: Bool
  /// The runtime's words for why a G waits.
  public let reasons: WaitReasons

  package let memory: any TargetMemory
  package let layout: GoLayout
  package let variables: Variables
  package let module: Module
  /// The program's functions, files, lines and inlined calls.
  public let tables: GoTables

  /// Which of a file's tables are used; by default the best that it has: DWARF, and the table of symbols.
  package struct Options: Sendable {
    /// Whether type descriptors tell the offsets even if the file has DWARF.
    package var ignoresDWARF = false
    /// Whether variables are searched for even if the file has a table of symbols.
    package var ignoresSymbols = false
    package init(ignoresDWARF: Bool = false, ignoresSymbols: Bool = false) {
      (self.ignoresDWARF, self.ignoresSymbols) = (ignoresDWARF, ignoresSymbols)
    }
  }

  /// Attaches to a process. Takes some tens of milliseconds; the process is not stopped and not written to.
  ///
  /// - Throws: a refusal that says why the program's scheduler is not shown.
  public convenience init(pid: Int32) throws(GoRefusal) { try self.init(pid: pid, Options()) }

  package convenience init(pid: Int32, _ options: Options) throws(GoRefusal) {
    let (executable, memory) = (try GoExecutable(of: pid), ProcessMemory(pid: pid))
    try self.init(pid: pid, executable, memory, bias: executable.loadBias(pid, memory), options)
  }

  /// Attaches to a program by its memory, which may be that of a process or of a core.
  ///
  /// - Parameters:
  ///   - bias: the load bias: by how much addresses in memory are higher than those in the executable.
  ///   - isStill: whether the memory cannot change while it is read. Then a check that fails is not tried again.
  package init(
    pid: Int32, _ executable: GoExecutable, _ memory: any TargetMemory, bias: UInt64, isStill: Bool = false,
    _ options: Options = Options()
  ) throws(GoRefusal) {
    let (elf, file) = (executable.elf, executable.file)
    (self.pid, version, self.memory) = (pid, executable.version, memory)
    guard version.minor >= 21 else { throw .version(version.description) }
    let symbols = options.ignoresSymbols ? nil : Symbols(elf, file)
    isStripped = symbols == nil
    let symbol = symbols?.variables["firstmoduledata"].map { $0.address &+ bias }
    module = try Module(elf, symbol: symbol, bias: bias, minor: version.minor, memory)
    tables = try Self.tables(elf, file, module, bias: bias)
    layout = try Self.layout(elf, file, version, module, memory, options)
    if let symbols {
      variables = try Variables(symbols, bias: bias)
    } else {
      variables = try ShapeSearch(memory, layout, module, tables).variables()
    }
    reasons = try WaitReasons(memory, at: variables.waitReasons, count: variables.waitReasonCount)
    try Validation.check(memory, layout, variables, attempts: isStill ? 1 : Validation.attempts)
  }

  private static func tables(
    _ elf: ELFFile, _ file: any ByteSource, _ module: Module, bias: UInt64
  ) throws(GoRefusal) -> GoTables {
    // Copied, not mapped: if the file is cut short after the program's end, a read of a mapping would kill mpgtop (SIGBUS).
    guard let section = elf.section(".gopclntab", ".data.rel.ro.gopclntab"),
      let bytes = file.bytes(at: section.offset, section.size)
    else { throw .file("its table of functions is not in the file") }
    let details = elf.rest(at: module.details &- bias).flatMap { file.bytes(at: $0.offset, $0.count) }
    do throws(GoTableProblem) {
      return try GoTables(pclntab: GoBytes(bytes), text: module.text, details: details.map { GoBytes($0) })
    } catch {
      throw .file("\(error); is it obfuscated (garble)?")
    }
  }

  private static func layout(
    _ elf: ELFFile, _ file: any ByteSource, _ version: GoVersion, _ module: Module,
    _ memory: any TargetMemory, _ options: Options
  ) throws(GoRefusal) -> GoLayout {
    // libdw reads a file by its descriptor, so only a FileBytes can give DWARF.
    if elf.hasDWARF, !options.ignoresDWARF, let file = file as? FileBytes, let fields = DWARFFields(file) {
      return try GoLayout(fields)
    }
    guard let table = SchedulerTable(minor: version.minor) else { throw .version("\(version) without DWARF") }
    return try GoLayout(TypeDescriptors(memory, types: module.types), table)
  }
}
