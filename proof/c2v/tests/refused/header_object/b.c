#include "h.h"
u32 g(void)
{
	return n;
}
