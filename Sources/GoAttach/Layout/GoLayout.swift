// Where each field of the runtime's structs is, in one target. Either DWARF tells all of it, or Go's type descriptors tell g, m
// and p and a table by version tells schedt (SchedulerTable.swift). A missing field is never taken for offset 0: the target is
// refused, or the offset is nil if not every version has the field.

/// The offsets of all fields that are read. A plain value.
package struct GoLayout: Sendable, Equatable {
  package struct P: Sendable, Equatable {
    package var id, status, schedtick, syscalltick, m, runqhead, runqtail, runq, runnext: Int
    package var goroutinesCreated, timerCount, deletedTimers: Int?
  }

  package struct M: Sendable, Equatable {
    package var g0, procid, curg, p, id, spinning, blocked, alllink, lockedg, mstartfn, ncgo: Int
    /// The number of bytes, from the beginning of an m, that contain all fields of an m that are read.
    package var size: Int
  }

  package struct G: Sendable, Equatable {
    package var stackLow, stackHigh, m, atomicstatus, goid, waitreason, gopc, startpc, lockedm, sp, pc,
      bp: Int
    package var syscallsp, syscallpc: Int
    package var syscallbp, parentGoid, labels, trackingSeq: Int?
    /// The bytes of a g that a look at all Gs reads (GoroutineReader.swift). Fields that only stacks need may lie outside.
    package var span: Range<Int>
  }

  package struct Scheduler: Sendable, Equatable {
    package var lastpoll, nmidle, nmidlelocked, mnext, maxmcount, nmsys, nmfreed, ngsys, pidle, npidle: Int
    package var nmspinning, grqHead, grqSize, gcwaiting: Int
    package var timeToRun, totalMutexWaitTime, stwTotalTimeGC, stwTotalTimeOther, goroutinesCreated: Int?
    /// The number of bytes, from the beginning of a schedt, that contain the fields of a fast look (FastReader.swift).
    package var size: Int
  }

  package var origin: LayoutOrigin
  package var p: P
  package var m: M
  package var g: G
  package var scheduler: Scheduler
  /// The offsets of two fields of Go's gcControllerState, which only DWARF tells: the size that the heap shall have, and how
  /// much of the heap is live.
  package var heapGoal, heapLive: Int?
  /// The offsets of the fields of Go's pollDesc that name the G that waits to read, and the G that waits to write.
  package var pollReader, pollWriter: Int?

  /// Takes all offsets from DWARF.
  package init(_ fields: DWARFFields) throws(GoRefusal) {
    try self.init(.dwarf, fields, scheduler: fields)
    let controller = FieldReader(source: fields, structure: "runtime.gcControllerState")
    (heapGoal, heapLive) = (controller.optional("gcPercentHeapGoal"), controller.optional("heapLive"))
    let poll = FieldReader(source: fields, structure: "runtime.pollDesc")
    (pollReader, pollWriter) = (poll.optional("rg"), poll.optional("wg"))
  }

  /// Takes the offsets of g, m and p from type descriptors, and those of schedt from the table by version.
  package init(_ types: TypeDescriptors, _ table: SchedulerTable) throws(GoRefusal) {
    try self.init(.descriptors, types, scheduler: table)
  }

  init(
    _ origin: LayoutOrigin, _ types: some FieldSource, scheduler: some FieldSource
  ) throws(GoRefusal) {
    self.origin = origin
    p = try P(FieldReader(source: types, structure: "runtime.p"))
    m = try M(FieldReader(source: types, structure: "runtime.m"))
    g = try G(FieldReader(source: types, structure: "runtime.g"))
    self.scheduler = try Scheduler(FieldReader(source: scheduler, structure: "runtime.schedt"))
  }
}

extension GoLayout.P {
  fileprivate init(_ fields: FieldReader<some FieldSource>) throws(GoRefusal) {
    (id, status) = (try fields.required("id"), try fields.required("status"))
    (schedtick, syscalltick) = (try fields.required("schedtick"), try fields.required("syscalltick"))
    (m, runq) = (try fields.required("m"), try fields.required("runq"))
    (runqhead, runqtail) = (try fields.required("runqhead"), try fields.required("runqtail"))
    runnext = try fields.required("runnext")
    goroutinesCreated = fields.optional("goroutinesCreated")
    // From Go 1.23 on the timers are a struct of their own.
    timerCount = fields.optional("timers.len") ?? fields.optional("numTimers")
    deletedTimers = fields.optional("timers.zombies") ?? fields.optional("deletedTimers")
    // Head and tail are read by one copy of eight bytes, so they must be neighbours.
    guard runqtail == runqhead + 4 else { throw .field("p.runqtail behind runqhead") }
  }
}

extension GoLayout.M {
  fileprivate init(_ fields: FieldReader<some FieldSource>) throws(GoRefusal) {
    (g0, procid) = (try fields.required("g0"), try fields.required("procid"))
    (curg, p, id) = (try fields.required("curg"), try fields.required("p"), try fields.required("id"))
    (spinning, blocked) = (try fields.required("spinning"), try fields.required("blocked"))
    (alllink, lockedg) = (try fields.required("alllink"), try fields.required("lockedg"))
    (mstartfn, ncgo) = (try fields.required("mstartfn"), try fields.required("ncgo"))
    size = [g0, procid, curg, p, id, spinning, blocked, alllink, lockedg, mstartfn, ncgo].reduce(0, max) + 8
  }
}

extension GoLayout.G {
  fileprivate init(_ fields: FieldReader<some FieldSource>) throws(GoRefusal) {
    (stackLow, stackHigh) = (try fields.required("stack.lo"), try fields.required("stack.hi"))
    (m, atomicstatus, goid) = (
      try fields.required("m"), try fields.required("atomicstatus"), try fields.required("goid")
    )
    (waitreason, gopc) = (try fields.required("waitreason"), try fields.required("gopc"))
    (startpc, lockedm) = (try fields.required("startpc"), try fields.required("lockedm"))
    (sp, pc, bp) = (
      try fields.required("sched.sp"), try fields.required("sched.pc"), try fields.required("sched.bp")
    )
    (syscallsp, syscallpc) = (try fields.required("syscallsp"), try fields.required("syscallpc"))
    syscallbp = fields.optional("syscallbp")
    trackingSeq = fields.optional("trackingSeq")
    (parentGoid, labels) = (fields.optional("parentGoid"), fields.optional("labels"))
    let read = [
      m, atomicstatus, goid, waitreason, gopc, startpc, pc, lockedm, parentGoid ?? goid, labels ?? goid,
      trackingSeq ?? goid,
    ]
    span = (read.min() ?? 0)..<(read.max() ?? 0) + 8
  }
}

extension GoLayout.Scheduler {
  fileprivate init(_ fields: FieldReader<some FieldSource>) throws(GoRefusal) {
    lastpoll = try fields.required("lastpoll")
    (nmidle, nmidlelocked) = (try fields.required("nmidle"), try fields.required("nmidlelocked"))
    (mnext, maxmcount) = (try fields.required("mnext"), try fields.required("maxmcount"))
    (nmsys, nmfreed, ngsys) = (
      try fields.required("nmsys"), try fields.required("nmfreed"), try fields.required("ngsys")
    )
    (pidle, npidle) = (try fields.required("pidle"), try fields.required("npidle"))
    (nmspinning, gcwaiting) = (try fields.required("nmspinning"), try fields.required("gcwaiting"))
    grqHead = try fields.required("runq.head")
    // From Go 1.25 on the queue itself holds its size; before, a field of schedt does.
    if let counted = fields.optional("runq.size") {
      grqSize = counted
    } else {
      grqSize = try fields.required("runqsize")
    }
    (timeToRun, totalMutexWaitTime) = (fields.optional("timeToRun"), fields.optional("totalMutexWaitTime"))
    (stwTotalTimeGC, stwTotalTimeOther) = (
      fields.optional("stwTotalTimeGC"), fields.optional("stwTotalTimeOther")
    )
    goroutinesCreated = fields.optional("goroutinesCreated")
    size = max(gcwaiting, grqSize, nmspinning, mnext, nmfreed, ngsys, lastpoll) + 8
  }
}
