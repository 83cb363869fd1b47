#include "../types.h"

u32 f(u8 x, u8 y)
{
	u32 r = (u32)(x + y); /*! signed arithmetic in `+` */

	return r;
}
