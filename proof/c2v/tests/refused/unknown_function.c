#include "../types.h"

u32 g(u32 x);
u32 f(u32 x)
{
	return g(x); /*! neither defined in the program nor a primitive */
}
