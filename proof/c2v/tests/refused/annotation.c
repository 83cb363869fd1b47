#include "../types.h"

static u64 t __attribute__((annotate("other"))); /*! unknown annotation */
