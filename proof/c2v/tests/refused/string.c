#include "../types.h"

u32 f(u32 x)
{
	return "abc"[x]; /*! */
}
