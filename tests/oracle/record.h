/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What compiled KCore does, as a stream of 64-bit words (docs/oracle.md): calls from outside with their
 * arguments, every call of a primitive with arguments and answer, results, and the objects that changed.
 * The generated file (harness.py) has one wrapper for each function that is called from outside and for
 * each primitive, and the table of KCore's objects.
 */
#ifndef ORACLE_RECORD_H
#define ORACLE_RECORD_H

#include <kcore/types.h>

/* Heads of records: the kind in bits 0..7, a number in bits 8..31, how many words follow above. */
enum {
	R_END = 0,   /* the number of calls; nothing follows */
	R_ENTER = 1, /* function number; arguments */
	R_CALL = 2,  /* primitive number; arguments; then R_ANSWER or R_STOP */
	R_ANSWER = 3,
	R_LEAVE = 4, /* result; then R_CHANGED..., R_SAME */
	R_STOP = 5,  /* a primitive does not come back; then as after R_LEAVE */
	R_SET = 6,   /* before R_ENTER: the test, or boot, has changed an object: element, value */
	R_CHANGED = 7, /* element, value */
	R_SAME = 8,    /* nothing else has changed */
	R_STORE = 9,   /* somebody else has changed a page: pfn, word, value */
	R_LOAD = 10, /* all of RAM, to start with: pages, and for each pfn, state word, 512 words */
	R_CHECK = 11, /* the same, to be compared */
};

/* One cell of the semantics: elements of size bytes, numbered row-major from first. */
struct cell {
	const char *name;
	u32 size;
	u64 first;
	const char *(*at)(u64 i); /* address of element i of the cell, row-major */
};
extern const struct cell cells[];
extern const u32 n_cells;
extern const u64 n_elements;
extern const u32 id_mm_pool_need, id_mm_init, id_cpu_start;

struct object {
	const char *name;
	char *base;
	u64 size;
};
extern const struct object objects[];
extern const u32 n_objects;

void rec_word(u64 w);
void rec_head(u64 kind, u64 id, u64 n);
void rec_enter(u32 id, u32 n, const u64 *args);
void rec_leave(u64 result);
void rec_call(u32 id, u32 n, const u64 *args);
void rec_answer(u64 v);
void rec_ram(u32 kind);

#endif
