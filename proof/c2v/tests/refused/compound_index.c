#include "../types.h"

static u32 i;
static u32 a[8];
void f(void)
{
	a[i & 7u] += 1u; /*! index that reads memory */
}
