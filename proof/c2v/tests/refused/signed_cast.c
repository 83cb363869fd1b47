#include "../types.h"

u32 f(u32 x)
{
	return (int)x == 3; /*! cast to the signed type */
}
