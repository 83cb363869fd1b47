#include "unit.h"
struct vm vms[4];

u64 vm_root(u32 v)
{
	u32 ok = vm_ok(v);

	if (ok == 0u)
		panic(1u);
	return vms[v].root;
}
