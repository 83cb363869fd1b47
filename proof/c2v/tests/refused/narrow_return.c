#include "../types.h"

u8 f(u32 x)
{
	return x; /*! implicit narrowing to u8 */
}
