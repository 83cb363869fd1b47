#include "../types.h"

static u64 table[512] __attribute__((annotate("shared")));
void f(u32 i)
{
	table[i & 511u] = 0ul; /*! which others observe */
}
