#include "../types.h"

u32 f(u32 x)
{
	u32 y = x++; /*! `++` inside an expression */

	return y;
}
