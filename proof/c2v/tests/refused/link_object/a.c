#include "../../types.h"
static u32 n;
void f(void)
{
	n = 1u;
}
