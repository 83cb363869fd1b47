#include "../types.h"

u32 f(u32 x)
{
	u32 y;

	x = y = 3u; /*! assignment inside an expression */
	return x;
}
