#include "../../types.h"
u64 f(u64 x); /*! `f` is declared differently */
extern u32 tab[5]; /*! object `tab` has another type */
u64 g(u64 x)
{
	return f(x);
}
