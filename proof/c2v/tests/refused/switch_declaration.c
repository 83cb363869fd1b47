#include "../types.h"

u32 f(u32 x)
{
	u32 r = 0u;

	switch (x) {
	case 1u: /*! declaration in a case */
		r = 2u;
		u32 y = 3u;

		r = y;
		break;
	default:
		break;
	}
	return r;
}
