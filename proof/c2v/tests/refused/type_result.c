#include "../types.h"

int f(void) /*! returns `int` */
{
	return 0;
}
