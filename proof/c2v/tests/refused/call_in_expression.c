#include "../types.h"

static u32 g(void)
{
	return 1u;
}
u32 f(u32 x)
{
	x = g() + 1u; /*! call inside an expression */
	if (g() == 1u) /*! call inside an expression */
		x = 2u;
	x += g(); /*! call inside an expression */
	return x;
}
