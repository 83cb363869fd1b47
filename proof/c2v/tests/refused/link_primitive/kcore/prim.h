#include "../../../types.h"
extern void spin_lock(u32 id);
extern void fill(u8 *at); /*! pointer parameter */
