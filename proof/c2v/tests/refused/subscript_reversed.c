#include "../types.h"

static u32 a[4];
u32 f(void)
{
	return 3[a]; /*! subscript of a pointer */
}
