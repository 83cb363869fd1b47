#include "../types.h"

u32 f(void)
{
	static u32 n; /*! static local */

	return n;
}
