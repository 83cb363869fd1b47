#include "../types.h"

struct s {
	struct { /*! structure declared inside */
		u32 a;
	} in;
};
