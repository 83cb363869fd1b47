#include "../types.h"

static u8 b[4];
void f(u32 x)
{
	b[1] = x; /*! implicit narrowing to u8 */
}
