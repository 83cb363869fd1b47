#include "../../types.h"
static inline u32 limit(u32 x) /*! `limit` means something else here */
{
	return x & LIMIT;
}
