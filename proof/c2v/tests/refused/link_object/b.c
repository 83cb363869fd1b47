#include "../../types.h"
static u32 n; /*! object `n` is defined in */
void g(void)
{
	n = 2u;
}
