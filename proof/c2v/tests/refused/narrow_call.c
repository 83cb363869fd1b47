#include "../types.h"

static u64 g(void)
{
	return 1ul;
}
u32 f(void)
{
	u32 x = g(); /*! implicit narrowing to u32 */

	return x;
}
