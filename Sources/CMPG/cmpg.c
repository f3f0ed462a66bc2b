#include "CMPG.h"
