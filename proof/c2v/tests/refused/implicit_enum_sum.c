#include "../types.h"

enum { A = 1, B = 2 };
u32 f(u32 x)
{
	return x + (A + B); /*! signed arithmetic */
}
