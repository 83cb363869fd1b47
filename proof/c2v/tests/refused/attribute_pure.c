#include "../types.h"

u32 f(u32 x) __attribute__((pure)); /*! attribute Pure */
