#include "../types.h"

static u32 g(u32 x)
{
	return x;
}
u32 f(u32 x)
{
	x = g(g(x)); /*! call inside an expression */
	return x;
}
