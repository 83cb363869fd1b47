#include "../types.h"

u32 f(u8 x)
{
	return (u32)~x; /*! signed arithmetic in `~` */
}
