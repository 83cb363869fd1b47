#include "../types.h"

struct s {
	u32 a : 3; /*! bit-field */
};
