#include "../types.h"

u64 f(u16 x)
{
	return (u64)(x << 4); /*! signed arithmetic in `<<` */
}
