#include "../types.h"

u32 f(u32 x)
{
	u32 y = (x += 2u); /*! assignment inside an expression */

	return y;
}
