#include "../types.h"

struct s {
	u32 *next; /*! pointer field */
};
