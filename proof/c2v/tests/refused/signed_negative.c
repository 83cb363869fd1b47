#include "../types.h"

u32 f(u32 x)
{
	return x == (u32)-1; /*! signed arithmetic in `-` */
}
