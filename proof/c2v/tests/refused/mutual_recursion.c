#include "../types.h"

u32 g(u32 x);
u32 f(u32 x)
{
	return g(x); /*! called above its definition */
}
u32 g(u32 x)
{
	return f(x);
}
