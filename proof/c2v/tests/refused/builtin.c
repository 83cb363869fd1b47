#include "../types.h"

u32 f(u32 x)
{
	u32 r = (u32)__builtin_popcount(x); /*! */

	return r;
}
