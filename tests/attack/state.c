#include "lib/kc.h"
const struct test tests_state[] = { TEST_LIST_END };
