#include "../types.h"

static u32 i;
static u32 a[8];
static u32 g(void)
{
	i = 3u;
	return 1u;
}
void f(void)
{
	a[i & 7u] = g(); /*! call result stored at an index that reads memory */
}
