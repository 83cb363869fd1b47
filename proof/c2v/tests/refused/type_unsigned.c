#include "../types.h"

u32 f(unsigned x) /*! has type `unsigned int` */
{
	return x;
}
