#include "../types.h"

union u { /*! union */
	u32 a;
	u64 b;
};
