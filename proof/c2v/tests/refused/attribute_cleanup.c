#include "../types.h"

void done(u32 *p);
u32 f(u32 x)
{
	u32 y __attribute__((cleanup(done))) = x; /*! attribute Cleanup */

	return y;
}
