#include "../types.h"

u32 f(u32 i)
{
	u32 a[4]; /*! local `a` has type */

	return i;
}
