#include "lib/kc.h"
const struct test tests_cpu[] = { TEST_LIST_END };
