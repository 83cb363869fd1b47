#include "../types.h"

u32 f(u32 x)
{
	u32 *p = 0; /*! pointer local */

	return x;
}
