#include "../types.h"

u32 f(u32 a[4]) /*! pointer parameter */
{
	return 0u;
}
