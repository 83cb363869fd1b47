/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host's root can do without the kernel's help, and talking to the guest. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "show.h"

/* --- the guest's console */

static int find_line(const char *word, int n, char *line, int size)
{
	FILE *f = fopen(target.console, "r");
	int found = 0;

	if (f == NULL)
		return 0;
	while (!found && fgets(line, size, f) != NULL)
		/* A line that is still being written has no end yet. */
		if (strncmp(line, word, strlen(word)) == 0 && strchr(line, '\n') != NULL)
			found = n-- == 0;
	fclose(f);
	return found;
}

int guest_says(const char *word, int n, char *line, int size)
{
	for (int i = 0; i < 600; i++) {
		if (find_line(word, n, line, size))
			return 1;
		usleep(50000);
	}
	return 0;
}

int guest_check(struct check *c)
{
	static int n;
	char line[256];
	int fd = open(target.input, O_WRONLY | O_NONBLOCK);
	int sent = fd >= 0 && write(fd, "check\n", 6) == 6;

	if (fd >= 0)
		close(fd);
	return sent && guest_says("CHECK ", n++, line, sizeof(line)) &&
	       sscanf(line, "CHECK sha256=%64s copies=%d of=%d bus-errors=%d", c->sha256,
		      &c->copies, &c->of, &c->bus_errors) == 4;
}

/* --- QEMU's memory */

#define CHUNK_PAGES 256

struct search {
	uint64_t bytes, copies;
	uint64_t secret[4];
};

static void search_page(struct search *s, const uint64_t *word)
{
	s->bytes += 4096;
	if ((word[0] ^ MASK) != target.first || !is_full_of_copies(word))
		return;
	s->copies += COPIES_PER_PAGE;
	memcpy(s->secret, word, SECRET_BYTES);
}

static void search_range(struct search *s, int mem, uint64_t from, uint64_t to)
{
	static uint64_t buf[CHUNK_PAGES][512];

	while (from < to) {
		uint64_t want = to - from < sizeof(buf) ? to - from : sizeof(buf);
		ssize_t got = pread(mem, buf, want, (off_t)from);

		if (got < 4096) {
			from += 4096; /* a page that cannot be read: go on behind it */
			continue;
		}
		for (ssize_t i = 0; i < got / 4096; i++)
			search_page(s, buf[i]);
		from += (uint64_t)got & ~4095ull;
	}
	memset(buf, 0, sizeof(buf));
}

/* What a guest leaks here is in QEMU's mapping of guest memory; all that it maps is searched. */
static void qemu_memory(struct answer *a)
{
	char path[64], line[512];
	struct search s = {0};
	unsigned long long from, to;
	FILE *maps;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/maps", target.pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%d/mem", target.pid);
	mem = open(path, O_RDONLY);
	if (maps == NULL || mem < 0) {
		answer(a, UNCLEAR, "%s cannot be opened", path);
		return;
	}
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%llx-%llx r", &from, &to) == 2)
			search_range(&s, mem, from, to);
	fclose(maps);
	close(mem);
	if (s.copies != 0)
		answer_secret(a, s.copies, s.secret);
	else if (s.bytes < 64 << 20)
		answer(a, UNCLEAR, "only %llu MiB could be read",
		       (unsigned long long)s.bytes >> 20);
	else
		answer(a, AS_PROMISED, "%llu MiB read, the secret is not in them",
		       (unsigned long long)s.bytes >> 20);
}

/* --- registers, through QEMU's monitor */

/* Reads up to the monitor's prompt; 0 if it does not come. */
static int monitor_read(int fd, char *buf, int size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = 0;

	while (n < size - 1 && poll(&p, 1, 10000) == 1) {
		ssize_t got = read(fd, buf + n, (size_t)(size - 1 - n));

		if (got <= 0)
			return 0;
		n += (int)got;
		buf[n] = '\0';
		if (n >= 7 && strcmp(buf + n - 7, "(qemu) ") == 0)
			return 1;
	}
	return 0;
}

static int monitor(const char *command, char *buf, int size)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), ok;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", target.monitor);
	ok = fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	     monitor_read(fd, buf, size) &&
	     write(fd, command, strlen(command)) == (ssize_t)strlen(command) &&
	     monitor_read(fd, buf, size);
	if (fd >= 0)
		close(fd);
	return ok;
}

static int reg(const char *text, const char *name, unsigned long long *val)
{
	const char *at = strstr(text, name);

	return at != NULL && sscanf(at + strlen(name), "%llx", val) == 1;
}

/* QEMU asks KVM for every register with KVM_GET_ONE_REG; PC, SP and x0..x30 are looked at here. */
static void registers(struct answer *a)
{
	unsigned long long pc, sp, x;
	char text[16384], name[8];
	int found = 0, set = 0;

	if (!monitor("info registers\n", text, sizeof(text)) || !reg(text, "PC=", &pc) ||
	    !reg(text, "SP=", &sp)) {
		answer(a, UNCLEAR, "QEMU's monitor does not answer");
		return;
	}
	for (int i = 0; i <= 30; i++) {
		snprintf(name, sizeof(name), "X%02d=", i);
		if (reg(text, name, &x)) {
			found++;
			set += x != 0;
		}
	}
	if (found != 31)
		answer(a, UNCLEAR, "QEMU shows %d registers", found);
	else if (set != 0 || pc != 0 || sp != 0)
		answer(a, LEAKED, "PC=%016llx SP=%016llx, %d of x0..x30 not zero", pc, sp, set);
	else
		answer(a, AS_PROMISED, "PC, SP and x0..x30 all read as zero");
}

const struct attack user_attacks[] = {
	{"root reads QEMU's memory, /proc/PID/mem", qemu_memory,
	 "QEMU holds what it loaded before the start and what the guest shares with it. The "
	 "guest's private pages are not QEMU's.",
	 1},
	{"root reads the vCPU's registers, KVM_GET_ONE_REG", registers,
	 "KCore saves a protected vCPU's registers in its own memory; KVM has none to give.", 1},
	{0},
};
