#include "../types.h"

u32 f(u64 x)
{
	u32 y = x; /*! implicit narrowing to u32 */

	return y;
}
