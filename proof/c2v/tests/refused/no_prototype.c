#include "../types.h"

u32 f() /*! without a prototype */
{
	return 0u;
}
