// Where the runtime keeps what a reader from outside must find, so that tests need no reader of symbols.
// From Go 1.23 on the linker permits this with -checklinkname=0 only.
#include "textflag.h"
#include "funcdata.h"

// func allgsAddress() uintptr
TEXT ·allgsAddress(SB), NOSPLIT, $0-8
	LEAQ	runtime·allgs(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func moduleAddress() uintptr
TEXT ·moduleAddress(SB), NOSPLIT, $0-8
	LEAQ	runtime·firstmoduledata(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func throughAssembly(f func())
// A frame of 24 bytes in assembly, in the middle of a stack.
TEXT ·throughAssembly(SB), 0, $24-8
	NO_LOCAL_POINTERS
	MOVQ	f+0(FP), DX
	MOVQ	(DX), AX
	CALL	AX
	RET

// func throughFrameless(f func())
// No frame at all: it saves no frame pointer, so a chain of frame pointers does not know it.
TEXT ·throughFrameless(SB), NOSPLIT|NOFRAME, $0-8
	NO_LOCAL_POINTERS
	MOVQ	8(SP), DX
	MOVQ	(DX), AX
	CALL	AX
	RET
