#include "../types.h"

#define N (4 * 512)
u32 f(u32 x)
{
	return x + N; /*! signed arithmetic in `*` */
}
