#include "../../types.h"
static u32 help(u32 x)
{
	return x;
}
u32 f(u32 x)
{
	return help(x);
}
