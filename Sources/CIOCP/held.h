// For tests: what a port still keeps.
#pragma once
#include "CIOCP.h"

/// The number of watches that a caller or the kernel holds.
int ciocp_held(ciocp *port);
