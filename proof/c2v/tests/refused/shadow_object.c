#include "../types.h"

static u32 n;
u32 f(void)
{
	u32 n = 3u; /*! hides a name of file scope */

	return n;
}
