#include "../types.h"

static u32 g;
static const u32 k[2] = { 1u << 40, 2u }; /*! not a constant */
