#include "../types.h"

static u32 *p; /*! pointer object */
