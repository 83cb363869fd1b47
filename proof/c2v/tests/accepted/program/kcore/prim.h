#include "../../../types.h"
extern u64 pg_get(u64 pfn, u64 idx);
extern void pg_set(u64 pfn, u64 idx, u64 val);
extern _Noreturn void panic(u32 code);
