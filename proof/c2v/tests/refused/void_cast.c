#include "../types.h"

static u32 a[2];
void f(u32 i)
{
	(void)a[i]; /*! cast to void */
}
