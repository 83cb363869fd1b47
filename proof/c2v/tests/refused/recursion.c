#include "../types.h"

u32 f(u32 x)
{
	u32 r = 0u;

	if (x != 0u)
		r = f(x - 1u); /*! recursion */
	return r;
}
