#include "../types.h"

u32 f(u32 x)
{
	for (;;) /*! for without a condition */
		x = x + 1u;
	return x;
}
