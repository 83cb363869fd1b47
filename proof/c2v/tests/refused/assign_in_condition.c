#include "../types.h"

u32 f(u32 x)
{
	if ((x = 3u)) /*! assignment inside an expression */
		return 1u;
	return x;
}
