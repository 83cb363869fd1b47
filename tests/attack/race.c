#include "lib/kc.h"
const struct test tests_race[] = { TEST_LIST_END };
