#include "../types.h"

static u32 n = 3u; /*! starts with a value */
u32 f(void)
{
	return n;
}
