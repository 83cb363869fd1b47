#include "../types.h"

u32 f(u8 x)
{
	x += 1; /*! signed arithmetic */
	return x;
}
