#include "kcore/prim.h"
void spin_lock(u32 id) /*! primitive `spin_lock` is defined in C */
{
	(void)id;
}
