#include "../types.h"

u32 f(u32 x, u32 y)
{
	switch (x / y) { /*! switch without a case */
	default:
		return 3u;
	}
}
