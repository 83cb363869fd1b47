#include "../types.h"

u32 f(u32 x)
{
	if (x)
		return 1u;
} /*! not every path returns */
