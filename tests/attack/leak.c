#include "lib/kc.h"
const struct test tests_leak[] = { TEST_LIST_END };
