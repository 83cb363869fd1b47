#include "../types.h"

u32 f(u32 x)
{
	u32 y = 1u;

	if (x) {
		u32 y = 2u; /*! hides another local */

		x = y;
	}
	return y;
}
