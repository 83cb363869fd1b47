#include "../types.h"

static u32 a[4];
u32 f(u32 i)
{
	return *(a + i); /*! pointers are not in the subset */
}
