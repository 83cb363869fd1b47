#include "../types.h"

static _Thread_local u32 x; /*! thread-local */
