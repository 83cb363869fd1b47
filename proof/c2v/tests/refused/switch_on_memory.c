#include "../types.h"

static u32 n;
u32 f(void)
{
	switch (n) { /*! switch on a value that reads memory */
	case 1u:
		return 2u;
	default:
		return 3u;
	}
}
