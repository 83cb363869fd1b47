#include "../types.h"

u32 f(u32 x, u64 y)
{
	x += y; /*! computes in another type */
	return x;
}
