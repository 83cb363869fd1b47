#include "../types.h"

enum { BAD = -1 };
u32 f(u32 x)
{
	return x == (u32)BAD; /*! negative enumeration constant */
}
