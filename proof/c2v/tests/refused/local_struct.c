#include "../types.h"

struct s {
	u32 a;
};
u32 f(u32 i)
{
	struct s x; /*! local `x` has type */

	x.a = i; /*! is not a scalar */
	return i;
}
