#include "h.h"
void f(void)
{
	n = 1u;
}
