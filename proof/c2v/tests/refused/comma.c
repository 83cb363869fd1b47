#include "../types.h"

u32 f(u32 x)
{
	x = x + 1u, x = x + 2u; /*! comma operator */
	return x;
}
