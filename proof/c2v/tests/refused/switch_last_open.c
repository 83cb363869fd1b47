#include "../types.h"

u32 f(u32 x)
{
	u32 r = 0u;

	switch (x) {
	case 1u:
		r = 1u;
		break;
	default: /*! does not end in break or return */
		r = 2u;
	}
	return r;
}
