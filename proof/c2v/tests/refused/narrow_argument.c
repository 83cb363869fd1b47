#include "../types.h"

static u32 g(u16 x)
{
	return x;
}
u32 f(u32 x)
{
	return g(x); /*! implicit narrowing to u16 */
}
