#include "../types.h"

u32 f(u32 x)
{
	u32 r = 0u;

	switch (x) {
	case 1u:
		if (r == 0u)
			break; /*! break inside a case */
		r = 1u;
		break;
	default:
		break;
	}
	return r;
}
