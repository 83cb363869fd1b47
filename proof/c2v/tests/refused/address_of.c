#include "../types.h"

static u32 x;
u64 f(void)
{
	return (u64)&x; /*! pointer conversion */
}
