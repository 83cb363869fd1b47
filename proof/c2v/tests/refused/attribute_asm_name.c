#include "../types.h"

u32 f(u32 x) __asm__("other"); /*! attribute AsmLabel */
