#include "../../types.h"
static u32 help(u32 x) /*! function `help` is defined in */
{
	return x + 1u;
}
u32 g(u32 x)
{
	return help(x);
}
