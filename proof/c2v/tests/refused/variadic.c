#include "../types.h"

u32 g(u32 x, ...);
u32 f(u32 x)
{
	return g(x, 1u); /*! variable arguments */
}
