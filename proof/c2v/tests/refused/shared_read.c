#include "../types.h"

#define SHARED __attribute__((annotate("shared")))
SHARED static u64 table[512];
u64 f(u32 i)
{
	return table[i & 511u]; /*! which others observe */
}
