#include "../types.h"

u32 f(u32 x)
{
	while (x != 0u)
		return 1u;
} /*! not every path returns */
