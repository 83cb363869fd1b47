#include "lib/kc.h"
const struct test tests_guest[] = { TEST_LIST_END };
