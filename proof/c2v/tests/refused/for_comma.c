#include "../types.h"

u32 f(u32 n)
{
	u32 i;
	u32 j = 0u;

	for (i = 0u; i < n; i++, j++) /*! comma operator */
		;
	return j;
}
