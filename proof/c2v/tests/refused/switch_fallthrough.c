#include "../types.h"

u32 f(u32 x)
{
	u32 r = 0u;

	switch (x) {
	case 1u: /*! does not end in break or return */
		r = 1u;
	case 2u:
		r = 2u;
		break;
	}
	return r;
}
