#include "../types.h"

u32 f(u32 x)
{
	return x ?: 3u; /*! without a middle operand */
}
