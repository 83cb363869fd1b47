#include "../types.h"

u8 f(void)
{
	return 256; /*! implicit narrowing to u8 */
}
