#include "../types.h"

u32 f(u32 x)
{
	x + 1u; /*! expression without effect */
	return x;
}
