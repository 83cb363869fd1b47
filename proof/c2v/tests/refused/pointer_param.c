#include "../types.h"

u32 f(u32 *p) /*! pointer parameter */
{
	return 0u;
}
