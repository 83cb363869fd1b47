#include "../types.h"

void f(void)
{
	__asm__("nop"); /*! inline assembly */
}
__asm__("nop"); /*! inline assembly */
