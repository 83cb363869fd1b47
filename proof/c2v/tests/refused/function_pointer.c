#include "../types.h"

static u32 (*hook)(u32); /*! pointer object */
