#include "../../types.h"
static u32 n; /*! is defined in a header */
