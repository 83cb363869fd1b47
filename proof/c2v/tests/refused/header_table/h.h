#include "../../types.h"
static const u32 tab[2] = { 1u, LIMIT }; /*! constant `tab` has other values */
