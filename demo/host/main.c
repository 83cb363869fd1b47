/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attacks MODE STYLE PID CONSOLE INPUT MONITOR: attacks the VM that runs as process PID and shows
 * how it ends. MODE is plain or protected, STYLE plain or colour; the files are the VM's console,
 * its keyboard (a FIFO) and its monitor's socket.
 * Exit status: 0 if a plain VM leaked its secret, or a protected one held against all; 1 if not;
 * 2 if an attack could not be made.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

/* A library call that cannot go on jumps back to test_exit, with the reason in verdict_text. */
extern jmp_buf test_exit;
extern char verdict_text[400];

#define WIDTH  78
#define INDENT 13

struct target target;
static int colour, count[UNCLEAR + 1];

static const struct {
	const char *word, *colour;
} look[] = {
	[AS_PROMISED] = {"HELD", "32"},
	[LEAKED] = {"LEAKED", "31"},
	[BROKEN] = {"BROKEN", "31"},
	[UNCLEAR] = {"UNCLEAR", "33"},
};

void answer(struct answer *a, enum outcome o, const char *fmt, ...)
{
	va_list ap;

	a->outcome = o;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
}

int is_full_of_copies(const uint64_t *word)
{
	for (int i = 0; i < 512; i += 4)
		if ((word[i] ^ MASK) != target.first || memcmp(word + i, word, SECRET_BYTES) != 0)
			return 0;
	return 1;
}

void answer_secret(struct answer *a, uint64_t copies, const uint64_t *word)
{
	char hex[2 * SECRET_BYTES + 1];

	for (int i = 0; i < SECRET_BYTES; i++)
		sprintf(hex + 2 * i, "%02x", ((const uint8_t *)word)[i]);
	answer(a, LEAKED, "%llu copies of this secret:\n%s", (unsigned long long)copies, hex);
}

/* Text under a label, broken between words. A line feed in it is kept. */
static void paragraph(const char *label, const char *text)
{
	int column = INDENT;

	printf("    %-*s", INDENT - 4, label);
	while (*text != '\0') {
		int n = (int)strcspn(text, " \n");

		if (column > INDENT && (column + 1 + n > WIDTH || text[-1] == '\n')) {
			printf("\n%*s", INDENT, "");
			column = INDENT;
		}
		if (column > INDENT)
			column += printf(" ");
		column += printf("%.*s", n, text);
		text += n;
		text += *text != '\0';
	}
	putchar('\n');
}

static void show_verdict(enum outcome o)
{
	if (colour)
		printf(" \033[1;%sm%s\033[0m\n", look[o].colour, look[o].word);
	else
		printf(" %s\n", look[o].word);
}

static void make(const struct attack *t, int number)
{
	struct answer a;
	int dots = WIDTH - 14 - (int)strlen(t->name);

	printf("%2d  %s ", number, t->name);
	for (int i = 0; i < dots; i++)
		putchar('.');
	fflush(stdout);
	answer(&a, UNCLEAR, "no answer");
	verdict = HELD;
	verdict_text[0] = '\0';
	if (setjmp(test_exit) == 0)
		t->run(&a);
	else
		answer(&a, UNCLEAR, "%.230s", verdict_text);
	count[a.outcome]++;
	show_verdict(a.outcome);
	paragraph("answer", a.text);
	if (a.outcome == AS_PROMISED)
		paragraph("because", t->why);
	fflush(stdout);
}

static void make_all(const struct attack *list, int *number)
{
	for (; list->name != NULL; list++)
		if (target.protected || list->on_plain)
			make(list, ++*number);
}

static int learn_secret(void)
{
	char line[256];
	unsigned long long first, page;

	if (!guest_says("SECRET ", 0, line, sizeof(line)) ||
	    sscanf(line, "SECRET sha256=%64s first=%llx page=%llx", target.sha256, &first, &page) !=
		    3) {
		printf("the guest has not announced a secret; its console is %s\n", target.console);
		return 0;
	}
	target.first = first;
	target.guest_page = page;
	arg_masked[0] = first;
	paragraph("secret", "32 random bytes, held 8192 times. The host is told the first word, "
			    "masked, to search for, and the hash:");
	paragraph("SHA-256", target.sha256);
	putchar('\n');
	return 1;
}

int main(int argc, char **argv)
{
	int number = 0;

	if (argc != 7) {
		fprintf(stderr,
			"usage: attacks plain|protected plain|colour PID CONSOLE INPUT MONITOR\n");
		return 2;
	}
	target.protected = strcmp(argv[1], "protected") == 0;
	colour = strcmp(argv[2], "colour") == 0;
	target.pid = atoi(argv[3]);
	target.console = argv[4];
	target.input = argv[5];
	target.monitor = argv[6];
	n_cpus = 2;
	current_test = "demo";
	if (!learn_secret())
		return 2;
	make_all(kernel_attacks, &number);
	make_all(user_attacks, &number);
	if (target.protected)
		make_all(guest_attacks, &number);
	printf("\n    %d attacks and checks: %d held, %d leaked, %d broken, %d unclear\n", number,
	       count[AS_PROMISED], count[LEAKED], count[BROKEN], count[UNCLEAR]);
	if (count[BROKEN] + count[target.protected ? LEAKED : AS_PROMISED] != 0)
		return 1;
	return count[UNCLEAR] != 0 ? 2 : 0;
}
