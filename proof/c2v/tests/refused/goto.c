#include "../types.h"

u32 f(u32 x)
{
	if (x)
		goto out; /*! goto */
	x = 1u;
out: /*! label */
	return x;
}
