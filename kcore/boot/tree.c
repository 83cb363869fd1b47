/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree: what KCore needs of it, and the tree that KServ gets. */
#include <kcore/boot_info.h>
#include <kcore/host.h>
#include <libfdt.h>

#include "boot.h"

static u64 cells(const fdt32_t *p, int n)
{
	u64 v = 0;

	for (int i = 0; i < n; i++)
		v = (v << 32) | fdt32_to_cpu(p[i]);
	return v;
}

/* reg entry i of a node; 0 if there is none. */
static int reg_get(const void *fdt, int node, int i, struct boot_module *out)
{
	int parent = fdt_parent_offset(fdt, node);
	int ac = parent < 0 ? 2 : fdt_address_cells(fdt, parent);
	int sc = parent < 0 ? 1 : fdt_size_cells(fdt, parent);
	int len = 0;
	const fdt32_t *p = fdt_getprop(fdt, node, "reg", &len);

	if (p == NULL || ac < 1 || ac > 2 || sc < 0 || sc > 2 || len < (i + 1) * (ac + sc) * 4)
		return 0;
	p += i * (ac + sc);
	out->base = cells(p, ac);
	out->size = cells(p + ac, sc);
	return 1;
}

static void read_ram(struct boot_tree *t)
{
	int node = -1;

	for (;;) {
		node = fdt_node_offset_by_prop_value(t->fdt, node, "device_type", "memory", 7);
		if (node < 0)
			return;
		for (int i = 0; t->n_ram < NREGION && reg_get(t->fdt, node, i, &t->ram[t->n_ram]);
		     i++)
			t->n_ram++;
	}
}

static void read_cpus(struct boot_tree *t)
{
	int node = -1;

	for (;;) {
		struct boot_module reg;

		node = fdt_node_offset_by_prop_value(t->fdt, node, "device_type", "cpu", 4);
		if (node < 0)
			return;
		if (n_cpu < NCPU && reg_get(t->fdt, node, 0, &reg))
			cpu_mpidr[n_cpu++] = reg.base;
	}
}

/* A multiboot module: its address and size are 64 bits each, whatever /chosen says. */
static int module_get(const void *fdt, int node, struct boot_module *out)
{
	int len = 0;
	const fdt32_t *p = fdt_getprop(fdt, node, "reg", &len);

	if (p == NULL || len != 16)
		return 0;
	out->base = cells(p, 2);
	out->size = cells(p + 2, 2);
	return 1;
}

static void read_modules(struct boot_tree *t)
{
	int node = fdt_node_offset_by_compatible(t->fdt, -1, "multiboot,kernel");

	if (node < 0 || !module_get(t->fdt, node, &t->kernel))
		refuse("no kernel module (QEMU: -device guest-loader,addr=...,kernel=Image)");
	node = fdt_node_offset_by_compatible(t->fdt, -1, "multiboot,ramdisk");
	if (node >= 0 && !module_get(t->fdt, node, &t->initrd))
		t->initrd.size = 0;
}

void tree_read(struct boot_tree *t, void *fdt)
{
	t->fdt = fdt;
	t->fdt_pa = (u64)fdt;
	if (fdt_check_header(fdt) != 0)
		refuse("no device tree");
	t->fdt_size = (fdt_totalsize(fdt) + 0x4000u + 0xfffu) & ~0xffful;
	read_ram(t);
	read_cpus(t);
	read_modules(t);
}

static void must(int err)
{
	if (err < 0)
		refuse("the device tree cannot be edited");
}

/* A device node whose registers KServ may not use is marked disabled. */
static void disable_devices(struct boot_tree *t)
{
	int node;

	fdt_for_each_subnode(node, t->fdt, 0)
	{
		const char *type = fdt_getprop(t->fdt, node, "device_type", NULL);
		struct boot_module reg;
		int allowed = 0;

		if (!reg_get(t->fdt, node, 0, &reg))
			continue;
		if (type != NULL && type[0] == 'm' && type[1] == 'e' && type[2] == 'm')
			continue;
		for (u64 i = 0; i < boot.n_device; i++) {
			u64 base = boot.device[i].base_pfn << 12;

			if (reg.base + 0x1000ul > base &&
			    reg.base < base + (boot.device[i].n_pfn << 12))
				allowed = 1;
		}
		if (!allowed)
			must(fdt_setprop_string(t->fdt, node, "status", "disabled"));
	}
	while ((node = fdt_node_offset_by_compatible(t->fdt, -1, "arm,gic-v3-its")) >= 0)
		must(fdt_del_node(t->fdt, node));
}

static void reserve_core(struct boot_tree *t)
{
	int node = fdt_add_subnode(t->fdt, 0, "reserved-memory");
	fdt64_t reg[2] = {cpu_to_fdt64(boot.core_pfn << 12), cpu_to_fdt64(boot.core_n << 12)};

	must(node);
	must(fdt_setprop_u32(t->fdt, node, "#address-cells", 2));
	must(fdt_setprop_u32(t->fdt, node, "#size-cells", 2));
	must(fdt_setprop_empty(t->fdt, node, "ranges"));
	node = fdt_add_subnode(t->fdt, node, "kcore");
	must(node);
	must(fdt_setprop(t->fdt, node, "reg", reg, sizeof(reg)));
	must(fdt_setprop_empty(t->fdt, node, "no-map"));
}

static void chosen_for_kserv(struct boot_tree *t)
{
	static char args[1024]; /* the tree moves while it is edited */
	int node;
	u32 n = 0;

	for (; t->bootargs != NULL && t->bootargs[n] != '\0' && n < sizeof(args) - 1u; n++)
		args[n] = t->bootargs[n];
	args[n] = '\0';
	while ((node = fdt_node_offset_by_compatible(t->fdt, -1, "multiboot,module")) >= 0)
		must(fdt_del_node(t->fdt, node));
	node = fdt_path_offset(t->fdt, "/chosen");
	if (node < 0)
		node = fdt_add_subnode(t->fdt, 0, "chosen");
	must(node);
	must(fdt_setprop_string(t->fdt, node, "bootargs", args));
	if (t->initrd.size != 0ul) {
		must(fdt_setprop_u64(t->fdt, node, "linux,initrd-start", t->initrd.base));
		must(fdt_setprop_u64(t->fdt, node, "linux,initrd-end",
				     t->initrd.base + t->initrd.size));
	}
}

/* t->fdt is the tree's address in the map of now. */
void tree_for_kserv(struct boot_tree *t)
{
	int node;

	must(fdt_open_into(t->fdt, t->fdt, (int)t->fdt_size));
	node = fdt_node_offset_by_compatible(t->fdt, -1, "multiboot,kernel");
	t->bootargs = node < 0 ? NULL : fdt_getprop(t->fdt, node, "bootargs", NULL);
	chosen_for_kserv(t);
	disable_devices(t);
	reserve_core(t);
	node = fdt_add_subnode(t->fdt, 0, "hypervisor");
	must(node);
	must(fdt_setprop_string(t->fdt, node, "compatible", "redoubt,kcore"));
	must(fdt_pack(t->fdt));
}
