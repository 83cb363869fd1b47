#include "../types.h"

static u32 g(void)
{
	return 1u;
}
u32 f(u32 x)
{
	while (g()) /*! call inside an expression */
		x = 1u;
	if (g()) /*! call inside an expression */
		x = 2u;
	return x;
}
