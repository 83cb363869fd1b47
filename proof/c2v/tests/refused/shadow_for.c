#include "../types.h"

u32 f(u32 x)
{
	for (u32 x = 0u; x < 4u; x++) /*! hides another local */
		;
	return x;
}
