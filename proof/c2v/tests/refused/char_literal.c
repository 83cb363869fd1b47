#include "../types.h"

u32 f(u32 x)
{
	return x == 'a'; /*! character literal */
}
