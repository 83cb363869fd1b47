#include "../types.h"

u32 f(u32 x)
{
	_Bool b = x; /*! has type `_Bool` */

	return 0u;
}
