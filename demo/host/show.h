/* SPDX-License-Identifier: BSD-2-Clause */
/* The demonstration's attacks, and how their outcome is shown. */
#ifndef SHOW_H
#define SHOW_H

#include <stdint.h>

#include "../../tests/attack/lib/kc.h"
#include "../demo.h"

/*
 * AS_PROMISED: the attack failed, in the way it must. LEAKED: it read something of the VM's.
 * BROKEN: it had another effect. UNCLEAR: none of these, it could not be made.
 */
enum outcome { AS_PROMISED, LEAKED, BROKEN, UNCLEAR };

struct answer {
	enum outcome outcome;
	char text[240];
};

struct attack {
	const char *name;
	void (*run)(struct answer *a);
	const char *why; /* why it fails */
	int on_plain;    /* made without KCore too */
};
extern const struct attack user_attacks[], kernel_attacks[], guest_attacks[];

/* --- what the attacks know of the VM */
struct target {
	int protected;
	int pid;             /* QEMU */
	const char *console; /* file with all that the guest has printed */
	const char *input;   /* FIFO: the guest's keyboard */
	const char *monitor; /* QEMU's socket */
	uint64_t first;      /* first word of the secret, masked */
	uint64_t guest_page; /* guest page that holds copies of it */
	char sha256[65];
};
extern struct target target;

void answer(struct answer *a, enum outcome o, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* 1 if a page's 512 words are copies of one secret with the announced first word. */
int is_full_of_copies(const uint64_t *word);
/* What was read, in hexadecimal as it lies in memory; scripts/run.sh judges it. */
void answer_secret(struct answer *a, uint64_t copies, const uint64_t *word);

/* Waits for line n (from 0) of the guest's console that starts with word; 0 if none comes. */
int guest_says(const char *word, int n, char *line, int size);
/* Sends "check" to the guest's program and reads its answer; 0 if none comes. */
struct check {
	char sha256[65];
	int copies, of, bus_errors;
};
int guest_check(struct check *c);

#endif
