#include "../types.h"

__attribute__((weak)) u32 f(u32 x) /*! attribute Weak */
{
	return x;
}
