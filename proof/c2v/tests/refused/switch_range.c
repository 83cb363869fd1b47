#include "../types.h"

u32 f(u32 x)
{
	switch (x) {
	case 1u ... 4u: /*! range of case labels */
		return 2u;
	default:
		return 3u;
	}
}
