#include "CLLHTTP.h"
