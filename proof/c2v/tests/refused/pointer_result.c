#include "../types.h"

u32 *f(void); 
static u32 *g(void) /*! returns */
{
	return 0;
}
