#include "../types.h"

u32 f(u32 x)
{
	if (x) {
		u32 x = 2u; /*! hides another local */

		return x;
	}
	return 0u;
}
