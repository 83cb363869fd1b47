#include "unit.h"
static __attribute__((noinline, section(".text.hot"))) u64 first(u32 v)
{
	u64 root = vm_root(v);

	return pg_get(root, limits[0]);
}

u64 copy(u32 v, u64 to);
u64 copy(u32 v, u64 to)
{
	u64 w = first(v);

	pg_set(to, 0ul, w);
	switch (w) {
	case 0ul:
		panic(2u);
	default:
		return w;
	}
}
