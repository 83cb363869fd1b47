#include "../types.h"

static u32 a[4];
u64 f(void)
{
	return sizeof(a); /*! sizeof */
}
