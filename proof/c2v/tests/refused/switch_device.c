#include "../types.h"

u32 f(u32 x)
{
	u32 r = 0u;

	switch (x) {
	case 0u:
		while (r < 4u) {
	case 1u: /*! case label inside */
			r = r + 1u;
		}
		break;
	default:
		break;
	}
	return r;
}
