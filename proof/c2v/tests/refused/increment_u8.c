#include "../types.h"

u32 f(u8 x)
{
	x++; /*! narrower than u32 */
	return x;
}
