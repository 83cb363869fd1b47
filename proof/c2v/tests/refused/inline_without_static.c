#include "../types.h"

inline u32 f(u32 x) /*! inline without static */
{
	return x;
}
