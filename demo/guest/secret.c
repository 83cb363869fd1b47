/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's program: 32 fresh random bytes, held as four aligned words again and again in locked
 * memory. Its console, which the host reads, gets the secret's SHA-256 and the first word masked:
 * an attacker can recognise the secret but does not know it. Every line "check" is answered by what
 * became of the copies.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../demo.h"

#define PAGES 64

static uint64_t (*page)[512];
/* The same once more on a page of its own: what the copies are compared with. */
static uint64_t *secret;
static sigjmp_buf lost;

static void stop(const char *what)
{
	perror(what);
	exit(1);
}

static void *locked(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mlock(p, bytes) != 0)
		stop("locked memory");
	return p;
}

/* SHA-256 of the secret as sha256sum prints it. The pipes carry raw bytes only to it. */
static void fingerprint(char hex[65])
{
	int in[2], out[2], status;
	pid_t pid;

	if (pipe(in) != 0 || pipe(out) != 0 || (pid = fork()) < 0)
		stop("sha256sum");
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		execlp("sha256sum", "sha256sum", (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	if (write(in[1], secret, SECRET_BYTES) != SECRET_BYTES)
		stop("sha256sum");
	close(in[1]);
	if (read(out[0], hex, 64) != 64 || waitpid(pid, &status, 0) != pid || status != 0)
		stop("sha256sum");
	close(out[0]);
	hex[64] = '\0';
}

/* The guest physical page that holds a virtual address, from the kernel's own table. */
static uint64_t guest_page(const void *va)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (fd < 0 || pread(fd, &entry, 8, (off_t)((uintptr_t)va / 4096 * 8)) != 8)
		stop("/proc/self/pagemap");
	close(fd);
	return entry & ((1ull << 55) - 1);
}

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(lost, 1);
}

/* Number of copies in a page that are still the secret; -1 if the page is gone. */
static int count_page(int n)
{
	volatile uint64_t *word = page[n];
	volatile int good = 0;

	if (sigsetjmp(lost, 1) != 0)
		return -1;
	for (int i = 0; i < 512; i += 4)
		good += word[i] == secret[0] && word[i + 1] == secret[1] &&
			word[i + 2] == secret[2] && word[i + 3] == secret[3];
	return good;
}

static void check(void)
{
	int good = 0, gone = 0;
	char hex[65];

	for (int i = 0; i < PAGES; i++) {
		int n = count_page(i);

		if (n < 0)
			gone++;
		else
			good += n;
	}
	fingerprint(hex);
	printf("CHECK sha256=%s copies=%d of=%d bus-errors=%d\n", hex, good,
	       PAGES * COPIES_PER_PAGE, gone);
	fflush(stdout);
}

int main(void)
{
	struct sigaction bus = {.sa_handler = on_bus_error};
	struct termios tty;
	char line[64], hex[65];

	if (tcgetattr(0, &tty) == 0) {
		tty.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(0, TCSANOW, &tty);
	}
	sigaction(SIGBUS, &bus, NULL);
	page = locked(PAGES * 4096);
	secret = locked(4096);
	if (getrandom(secret, SECRET_BYTES, 0) != SECRET_BYTES)
		stop("getrandom");
	for (int i = 0; i < PAGES * COPIES_PER_PAGE; i++)
		memcpy((char *)page + i * SECRET_BYTES, secret, SECRET_BYTES);
	fingerprint(hex);
	printf("SECRET sha256=%s first=%016llx page=%llx\n", hex,
	       (unsigned long long)(secret[0] ^ MASK), (unsigned long long)guest_page(page[1]));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL)
		if (strncmp(line, "check", 5) == 0)
			check();
	return 0;
}
