#include "../types.h"

u32 f(u32 x)
{
	if (x) {
		u32 y = 1u;

		return y;
	}
	u64 y = 2ul; /*! declared again with another type */

	return (u32)y;
}
