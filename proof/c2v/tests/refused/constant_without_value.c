#include "../types.h"

static const u32 k; /*! constant `k` without a value */
