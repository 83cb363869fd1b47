#include "../types.h"

static u32 *p; /*! pointer object */
u32 f(u64 x, u32 n)
{
	u32 a = x; /*! implicit narrowing */
	u32 b;

	if (x == 3ul) {
		b = x; /*! implicit narrowing */
		do { /*! do loop */
		} while (0);
	} else {
		n++;
		b = n++; /*! `++` inside an expression */
	}
	for (u32 i = 0u; i < n; n = x) /*! implicit narrowing */
		goto out; /*! goto */
out: /*! label */
	return a;
}
