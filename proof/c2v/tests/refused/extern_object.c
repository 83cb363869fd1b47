#include "../types.h"

extern u32 n;
u32 f(void)
{
	return n; /*! object `n` is not defined in the program */
}
