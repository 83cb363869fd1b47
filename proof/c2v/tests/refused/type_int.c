#include "../types.h"

u32 f(int x) /*! parameter `x` has type `int` */
{
	return 0u;
}
