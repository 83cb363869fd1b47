#include "../types.h"

static u32 g(u32 x)
{
	return x;
}
u32 f(u32 x)
{
	u32 r = (x ? g : g)(x); /*! call through a pointer */

	return r;
}
