#include "../types.h"

static double d; /*! object `d` has type `double` */
