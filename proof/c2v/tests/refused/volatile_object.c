#include "../types.h"

static volatile u32 x; /*! volatile object */
