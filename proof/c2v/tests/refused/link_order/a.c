#include "../../types.h"
u32 later(u32 x);
u32 f(u32 x)
{
	return later(x); /*! called above its definition */
}
