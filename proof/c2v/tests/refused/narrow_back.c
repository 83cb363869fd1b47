#include "../types.h"

u32 f(u32 x)
{
	return (u64)x; /*! implicit narrowing to u32 */
}
