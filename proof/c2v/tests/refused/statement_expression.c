#include "../types.h"

u32 f(u32 x)
{
	u32 y = ({ x + 1u; }); /*! statement expression */

	return y;
}
