// mpg-lesson: the situations of the lessons, each a small program on the runtime. `mpgtop learn` starts it, paces it, and
// reads its events; see docs/teaching.md. Started by hand it goes on at each line of its input.

import MPG

let program = LessonProgram.fromCommandLine()

MPG.main(program.runtime) {
  let cast = Cast(door: try Door(), marks: Marks(), procs: program.procs)
  try program.scene.play(cast)
  cast.door.wait()
}
