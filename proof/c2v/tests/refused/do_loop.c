#include "../types.h"

u32 f(u32 x)
{
	do { /*! do loop */
		x = x - 1u;
	} while (x != 0u);
	return x;
}
