/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCG plugin for QEMU: where the instructions of a batch go. Between MARK_BEGIN and MARK_END it
 * counts the instructions of every exception level, and of every translated block. A block is
 * translated for one exception level, so the level is looked up once, when it is translated. So is
 * the VMID: 0 is the host's, and a page of code is the host's or one VM's.
 *
 *   -plugin profile.so,out=FILE
 *
 * For each batch a line "batch EL0 EL1 EL2 EL3", then "block LEVEL ADDRESS INSTRUCTIONS VMID" for
 * those that ran. Under icount all CPUs run in one thread: no counter needs a lock. An instruction that
 * faults and is repeated counts twice. No header of the plugin interface is packaged: what is used
 * of it is declared here.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct byte_array { /* GByteArray */
	uint8_t *data;
	unsigned int len;
};
struct array { /* GArray */
	char *data;
	unsigned int len;
};
struct reg_descriptor {
	void *handle;
	const char *name;
	const char *feature;
};
typedef uint64_t plugin_id;
typedef void (*vcpu_cb)(plugin_id id, unsigned int vcpu);
typedef void (*tb_cb)(plugin_id id, struct qemu_plugin_tb *tb);
typedef void (*exec_cb)(unsigned int vcpu, void *data);
enum { CB_NO_REGS = 0 };

extern void qemu_plugin_register_vcpu_init_cb(plugin_id id, vcpu_cb cb);
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_cb cb);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_cb cb,
						   int flags, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
extern size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t len);
extern struct array *qemu_plugin_get_registers(void);
extern int qemu_plugin_read_register(void *handle, struct byte_array *buf);
extern struct byte_array *g_byte_array_new(void);
extern struct byte_array *g_byte_array_set_size(struct byte_array *a, unsigned int len);

__attribute__((visibility("default"))) int qemu_plugin_version = 2;

struct block {
	uint64_t addr;
	uint64_t count; /* instructions executed since MARK_BEGIN */
	unsigned int level;
	unsigned int vmid;
	struct block *next;
};

static struct block *blocks;
static void *cpsr, *vttbr;
static FILE *out;
static int counting;

static uint64_t read_register(void *handle)
{
	static struct byte_array *buf;
	uint64_t v = 0;
	int n;

	if (buf == NULL)
		buf = g_byte_array_new();
	g_byte_array_set_size(buf, 0);
	if (handle == NULL)
		return 0;
	n = qemu_plugin_read_register(handle, buf);
	if (n == 4 || n == 8)
		memcpy(&v, buf->data, (size_t)n);
	return v;
}

static void on_insn(unsigned int vcpu, void *data)
{
	(void)vcpu;
	((struct block *)data)->count++;
}

static void on_begin(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	for (struct block *b = blocks; b != NULL; b = b->next)
		b->count = 0;
	counting = 1;
}

static void on_end(unsigned int vcpu, void *data)
{
	uint64_t sum[4] = {0};

	(void)vcpu;
	(void)data;
	if (!counting)
		return;
	counting = 0;
	for (struct block *b = blocks; b != NULL; b = b->next)
		sum[b->level] += b->count;
	fprintf(out, "batch %lu %lu %lu %lu\n", sum[0], sum[1], sum[2], sum[3]);
	for (struct block *b = blocks; b != NULL; b = b->next)
		if (b->count != 0)
			fprintf(out, "block %u %lx %lu %u\n", b->level, b->addr, b->count, b->vmid);
	fflush(out);
}

static void on_tb(plugin_id id, struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof(*b));
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (b == NULL)
		abort();
	b->addr = qemu_plugin_tb_vaddr(tb);
	b->level = (unsigned int)(read_register(cpsr) >> 2 & 3);
	b->vmid = (unsigned int)(read_register(vttbr) >> 48);
	b->next = blocks;
	blocks = b;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t op = 0;

		qemu_plugin_insn_data(insn, &op, sizeof(op));
		if (op == (0xd503201fu | MARK_BEGIN << 5))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_begin, CB_NO_REGS, NULL);
		if (op == (0xd503201fu | MARK_END << 5))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_end, CB_NO_REGS, NULL);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, CB_NO_REGS, b);
	}
}

static void on_vcpu(plugin_id id, unsigned int vcpu)
{
	struct array *regs = qemu_plugin_get_registers();
	struct reg_descriptor *r = (struct reg_descriptor *)(void *)regs->data;

	(void)id;
	(void)vcpu;
	for (unsigned int i = 0; i < regs->len; i++) {
		if (strcmp(r[i].name, "cpsr") == 0)
			cpsr = r[i].handle;
		if (strcmp(r[i].name, "VTTBR_EL2") == 0 || strcmp(r[i].name, "VTTBR") == 0)
			vttbr = r[i].handle;
	}
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
							       int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4) != 0 ||
	    (out = fopen(argv[0] + 4, "w")) == NULL) {
		fprintf(stderr, "profile: out=FILE is wanted\n");
		return -1;
	}
	qemu_plugin_register_vcpu_init_cb(id, on_vcpu);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_tb);
	return 0;
}
