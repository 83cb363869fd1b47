/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attack NONCE W0 W1 W2 W3 [TEST...]: run the attacks (all, or those named) and print for each
 *   BEGIN name rows / RESULT name verdict text
 * Evidence: LEAK name secret-as-read where. NONCE seeds the guests' secret; W0..W3 are its first words,
 * masked, for the search. The verdict on a leak is given by who reads this output and knows the secret.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kc.h"

extern enum verdict verdict;
extern char verdict_text[400];
extern jmp_buf test_exit;

static const char *const verdict_name[] = {"HELD", "SKIP", "ERROR", "WON"};
static const struct test *const groups[] = {tests_calls, tests_state, tests_guest, tests_pkvm,
					    tests_leak,  tests_race,  tests_kvm,   tests_cpu};
int have_kcore;

/* Whatever a test did: afterwards every page must be KServ's as before. */
static void check_pages(const struct dump *before)
{
	struct dump now;

	dump_take(&now);
	if (verdict == HELD && memcmp(before, &now, sizeof(now)) != 0)
		error("the test leaves other counts: host %llu -> %llu, VMs %llu",
		      (unsigned long long)before->n[0], (unsigned long long)now.n[0],
		      (unsigned long long)now.n[6]);
}

static void run(const struct test *t)
{
	struct dump before;

	current_test = t->name;
	verdict = HELD;
	verdict_text[0] = '\0';
	printf("BEGIN %s rows=%s cpus=%d: %s\n", t->name, t->rows, n_cpus, t->promise);
	fflush(stdout);
	if (setjmp(test_exit) == 0) {
		pin(0);
		if (have_kcore)
			dump_take(&before);
		else if (t->cpus != ANY_KERNEL)
			skip("there is no KCore");
		if (t->cpus > n_cpus)
			skip("needs more CPUs");
		t->run();
	}
	if (setjmp(test_exit) == 0) {
		pin(0);
		vm_clean_all();
		if (have_kcore && verdict == HELD)
			check_pages(&before);
	}
	printf("RESULT %s %s %s\n", t->name, verdict_name[verdict], verdict_text);
	fflush(stdout);
}

static int wanted(const struct test *t, int argc, char **argv)
{
	if (argc <= 6)
		return t->cpus != ONLY_IF_NAMED;
	for (int i = 6; i < argc; i++)
		if (strcmp(argv[i], t->name) == 0)
			return 1;
	return 0;
}

/* attack stat: KCore's counters on one line. */
static int stat(void)
{
	struct dump d;

	if (setjmp(test_exit) != 0)
		return 1;
	dump_take(&d);
	printf("host=%llu pinned=%llu lent=%llu vm=%llu vmcore=%llu core=%llu vms=%llu\n",
	       (unsigned long long)d.n[0], (unsigned long long)d.n[1], (unsigned long long)d.n[2],
	       (unsigned long long)d.n[3], (unsigned long long)d.n[4], (unsigned long long)d.n[5],
	       (unsigned long long)d.n[6]);
	return 0;
}

int main(int argc, char **argv)
{
	int done = 0;

	if (argc == 2 && strcmp(argv[1], "stat") == 0)
		return stat();

	if (argc < 6) {
		fprintf(stderr, "usage: attack NONCE W0 W1 W2 W3 [TEST...]\n");
		return 2;
	}
	arg_nonce = strtoull(argv[1], NULL, 16);
	for (int i = 0; i < 4; i++)
		arg_masked[i] = strtoull(argv[2 + i], NULL, 16);
	have_kcore = access("/proc/device-tree/hypervisor", F_OK) == 0;
	n_cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct test *t = groups[g]; t->name != NULL; t++)
			if (wanted(t, argc, argv)) {
				run(t);
				done++;
			}
	printf("END %d attacks\n", done);
	return 0;
}
