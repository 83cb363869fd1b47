#include "../types.h"

u32 f(u32 x)
{
	switch (x) {
	case 1u:
		return 2u;
	default:
		break;
	}
} /*! not every path returns */
