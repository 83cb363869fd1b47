#include "../types.h"

enum e { A };
u32 f(enum e x) /*! has type `enum e` */
{
	return 0u;
}
